import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SessionResponse } from "../attribution/failure.js";
import { isTimeoutError } from "../policies/timeout.js";
import { createRegistry } from "../registry/registry.js";
import { isSessionLostError } from "./errors.js";
import type { FailureRecord } from "./failure-record.js";
import { Guard } from "./guard.js";
import type { GuardOptions } from "./guard-options.js";
import { type Exchange, GuardedSession } from "./guarded-session.js";
import { SessionState } from "./session-state.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const QUERY = { query: '{ container { from(address: "alpine") { stdout } } }' };
const WORKED = json({ data: { container: { from: { stdout: "hi" } } } });
const KILLED: SessionResponse = {
  status: 502,
  contentType: "text/plain; charset=utf-8",
  body: 'http do: Post "http://dagger/query": unexpected EOF',
};

function json(body: unknown, status = 200): SessionResponse {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

function failed(message: string, extensions?: object): SessionResponse {
  return json({ data: null, errors: [{ message, path: ["container", "from"], extensions }] });
}

function guarded(options: GuardOptions = {}) {
  const registry = createRegistry();
  const guard = new Guard({ registry, ...options });
  const session = new GuardedSession(guard);
  const answering = (answer: SessionResponse) => session.request(QUERY, async () => answer);
  return { engine: guard.engine, session, answering };
}

/** An exchange that never answers and fails when it is dropped. */
const silent: Exchange<SessionResponse> = (_request, signal) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });

test("an answer passes through untouched and is a success of the engine", async () => {
  const { engine, answering } = guarded();
  expect(await answering(WORKED)).toBe(WORKED);
  expect(engine.getMetrics().metrics).toMatchObject({ successCount: 1, failureCount: 0 });
});

test("a user's failing command is a success of the engine", async () => {
  const { engine, answering } = guarded({ breakers: { engine: { failureThreshold: 1 } } });
  const exec = {
    _type: "EXEC_ERROR",
    cmd: ["npm", "test"],
    exitCode: 1,
    stdout: "",
    stderr: "503",
  };
  for (let call = 0; call < 1000; call += 1) await answering(failed("exit code: 1", exec));
  expect(engine.state).toBe("closed");
  expect(engine.getMetrics().metrics.successCount).toBe(1000);
});

test("a registry that fails is a success of the engine", async () => {
  const { engine, answering } = guarded();
  await answering(
    failed(
      'failed to resolve image "docker.io/a/b:1" (platform: "linux/amd64"): unexpected status from ' +
        "HEAD request to https://registry-1.docker.io/v2/a/b/manifests/1: 503 Service Unavailable",
    ),
  );
  expect(engine.getMetrics().metrics).toMatchObject({ successCount: 1, failureCount: 0 });
});

test("an engine that is shutting down fails, though it answers 200", async () => {
  const { engine, answering } = guarded();
  await answering(failed("engine is shutting down"));
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
});

test("what somebody cancelled says nothing of the engine", async () => {
  const { engine, answering } = guarded();
  await answering(failed("context canceled"));
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("the circuit opens after five failures in a row and then no request is sent", async () => {
  const registry = createRegistry();
  const { engine, session } = guarded({ registry });
  for (let lost = 0; lost < 5; lost += 1) await guarded({ registry }).answering(KILLED);
  expect(engine.state).toBe("open");
  const exchange = vi.fn();
  await expect(session.request(QUERY, exchange)).rejects.toMatchObject({
    name: "CircuitBreakerOpenError",
    breakerName: "engine",
    reason: "open",
  });
  expect(exchange).not.toHaveBeenCalled();
});

test("a lost session is one failure, however many requests were on their way in it", async () => {
  const { engine, session } = guarded({ breakers: { engine: { failureThreshold: 2 } } });
  let answerAll = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answerAll = resolve;
  });
  const requests = [1, 2, 3].map(() => session.request(QUERY, () => later));
  answerAll(KILLED);
  await Promise.all(requests);
  expect(engine.state).toBe("closed");
  expect(engine.getMetrics().metrics).toMatchObject({ failureCount: 1, ignoredCount: 2 });
});

test("a lost session refuses every later request at once, before any breaker is asked", async () => {
  const { engine, session, answering } = guarded();
  await answering(KILLED);
  const exchange = vi.fn();
  const error = await session.request(QUERY, exchange).catch((reason) => reason);
  expect(isSessionLostError(error)).toBe(true);
  expect(session.lost).toBe(error);
  expect(exchange).not.toHaveBeenCalled();
  expect(engine.getMetrics().metrics).toMatchObject({ failureCount: 1, rejectedCount: 0 });
});

test("a refused connection is a failure of the engine and passes through as it is", async () => {
  const { engine, session } = guarded();
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), {
    code: "ECONNREFUSED",
  });
  await expect(session.request(QUERY, () => Promise.reject(refused))).rejects.toBe(refused);
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
  expect(session.lost).toBeDefined();
});

test("an error of our own making says nothing of the engine", async () => {
  const { engine, session } = guarded();
  const bug = new RangeError("bug");
  await expect(session.request(QUERY, () => Promise.reject(bug))).rejects.toBe(bug);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("the caller's abort ends the request with its reason and is ignored", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ signal: controller.signal });
  const request = session.request(QUERY, silent);
  await vi.advanceTimersByTimeAsync(0);
  const reason = new Error("the user pressed Ctrl-C");
  controller.abort(reason);
  await expect(request).rejects.toBe(reason);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
  await expect(session.request(QUERY, silent)).rejects.toBe(reason);
  expect(engine.getMetrics().metrics.ignoredCount).toBe(1);
});

test("an abort before the request is sent sends nothing and counts nothing", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ signal: controller.signal });
  const exchange = vi.fn();
  const request = session.request(QUERY, exchange);
  const reason = new Error("stop");
  controller.abort(reason);
  await expect(request).rejects.toBe(reason);
  expect(exchange).not.toHaveBeenCalled();
  expect(engine.getMetrics()).toMatchObject({ inFlightCount: 0, metrics: { ignoredCount: 0 } });
});

test("a time-out drops the request, and an engine that tells its version is not to blame", async () => {
  const { engine, session } = guarded({ operationTimeoutMs: 5000 });
  const sent: string[] = [];
  const request = session.request(QUERY, (asked, signal) => {
    sent.push(asked.query);
    return asked === QUERY
      ? silent(asked, signal)
      : Promise.resolve(json({ data: { version: "v" } }));
  });
  const caught = request.catch((error) => error);
  await vi.advanceTimersByTimeAsync(5000);
  expect(isTimeoutError(await caught)).toBe(true);
  expect(sent).toEqual([QUERY.query, "{ version }"]);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("after a time-out an engine that does not tell its version in two seconds has failed", async () => {
  const { engine, session } = guarded({ operationTimeoutMs: 5000 });
  const caught = session.request(QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(6999);
  expect(engine.getMetrics().metrics.failureCount).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(isTimeoutError(await caught)).toBe(true);
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
});

test.each([
  ["answers that it is gone", async () => KILLED],
  [
    "refuses the connection",
    () =>
      Promise.reject(
        Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" }),
      ),
  ],
])("after a time-out an engine that %s has failed", async (_title, second) => {
  const { engine, session } = guarded({ operationTimeoutMs: 5000 });
  const caught = session
    .request(QUERY, (asked, signal) => (asked === QUERY ? silent(asked, signal) : second()))
    .catch((error) => error);
  await vi.advanceTimersByTimeAsync(5000);
  expect(isTimeoutError(await caught)).toBe(true);
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
  expect(session.lost).toBeDefined();
});

test("an abort while the version is asked is ignored", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ operationTimeoutMs: 5000, signal: controller.signal });
  const caught = session.request(QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(5500);
  controller.abort(new Error("stop"));
  expect(isTimeoutError(await caught)).toBe(true);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("a request that ends in time leaves no timer and no listener behind", async () => {
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, "removeEventListener");
  const { answering } = guarded({ operationTimeoutMs: 5000, signal: controller.signal });
  await answering(WORKED);
  expect(vi.getTimerCount()).toBe(0);
  expect(removed).toHaveBeenCalledTimes(1);
});

test("a hundred requests at once share one listener on the guard's signal", async () => {
  const controller = new AbortController();
  const added = vi.spyOn(controller.signal, "addEventListener");
  const { session } = guarded({ signal: controller.signal });
  const requests = Array.from({ length: 100 }, () => session.request(QUERY, silent));
  await vi.advanceTimersByTimeAsync(0);
  expect(added).toHaveBeenCalledTimes(1);
  controller.abort(new Error("stop"));
  const endings = await Promise.allSettled(requests);
  expect(endings.every(({ status }) => status === "rejected")).toBe(true);
});

test("nothing of a failure's text is kept, only what its rule says", async () => {
  const { engine, session, answering } = guarded({ breakers: { engine: { failureThreshold: 1 } } });
  await answering(failed('engine is shutting down: { setSecret(plaintext: "hunter2") }'));
  const error = await session.request(QUERY, silent).catch((reason) => reason);
  const record = error.cause as FailureRecord;
  expect(record).toMatchObject({ name: "GraphQLError", fault: "engine" });
  expect(Date.parse(record.at)).not.toBeNaN();
  expect(JSON.stringify([record, error.message, engine.getMetrics()])).not.toContain("hunter2");
});

test("with onOpen wait a request waits for the circuit and is then sent", async () => {
  const clock = { now: () => Date.now() };
  const { engine, session } = guarded({
    breakers: { engine: { failureThreshold: 1, resetTimeoutMs: 1000, clock } },
    onOpen: "wait",
    waitSpreadMs: 0,
  });
  engine.acquire().failure(new Error("down"));
  const exchange = vi.fn(async () => WORKED);
  const request = session.request(QUERY, exchange);
  await vi.advanceTimersByTimeAsync(999);
  expect(exchange).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(await request).toBe(WORKED);
  expect(engine.state).toBe("closed");
});

test("a request that waited while its session was lost is refused and takes no probe slot", async () => {
  const clock = { now: () => Date.now() };
  const { engine, session } = guarded({
    breakers: { engine: { failureThreshold: 1, resetTimeoutMs: 1000, clock } },
    onOpen: "wait",
    waitSpreadMs: 0,
  });
  let answer = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answer = resolve;
  });
  const running = session.request(QUERY, () => later);
  await vi.advanceTimersByTimeAsync(0);
  engine.acquire().failure(new Error("down"));
  const waiting = session.request(QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(10);
  answer(KILLED);
  await running;
  await vi.advanceTimersByTimeAsync(1000);
  expect(isSessionLostError(await waiting)).toBe(true);
  expect(engine.check().admits).toBe(true);
});

test("a request that waits ends at once when its session is lost, and so do all others", async () => {
  const { engine, session } = guarded({ onOpen: "wait", waitSpreadMs: 0 });
  let answer = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answer = resolve;
  });
  const running = session.request(QUERY, () => later);
  await vi.advanceTimersByTimeAsync(0);
  for (let failure = 0; failure < 5; failure += 1) engine.acquire().failure(new Error("down"));
  const waiting = [1, 2, 3].map(() => session.request(QUERY, silent).catch((error) => error));
  await vi.advanceTimersByTimeAsync(10);
  answer(KILLED);
  await running;
  expect((await Promise.all(waiting)).every(isSessionLostError)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("an abort ends the wait to be let in with its reason and takes no permit", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ onOpen: "wait", signal: controller.signal });
  for (let failure = 0; failure < 5; failure += 1) engine.acquire().failure(new Error("down"));
  const waiting = session.request(QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(10);
  const reason = new Error("stop");
  controller.abort(reason);
  expect(await waiting).toBe(reason);
  expect(engine.getMetrics().inFlightCount).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("the wait counts for the time-out: one that cannot end before it is refused at once", async () => {
  const clock = { now: () => Date.now() };
  const engineOptions = { failureThreshold: 1, resetTimeoutMs: 1000, clock };
  const options = { onOpen: "wait", waitSpreadMs: 0, breakers: { engine: engineOptions } } as const;
  const patient = guarded({ ...options, operationTimeoutMs: 1500 });
  patient.engine.acquire().failure(new Error("down"));
  const request = patient.session.request(QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(1000);
  expect(patient.engine.getMetrics().inFlightCount).toBe(1);
  await vi.advanceTimersByTimeAsync(499 + 2000);
  expect(patient.engine.getMetrics().inFlightCount).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(isTimeoutError(await request)).toBe(true);

  const hasty = guarded({ ...options, operationTimeoutMs: 900 });
  hasty.engine.acquire().failure(new Error("down"));
  await expect(hasty.session.request(QUERY, silent)).rejects.toMatchObject({
    code: "CIRCUIT_OPEN",
  });
});

test("at most a hundred requests wait for one breaker", async () => {
  const { engine, session } = guarded({ onOpen: "wait" });
  engine.acquire().failure(new Error("down"), { openNow: true });
  const waiting = Array.from({ length: 101 }, () =>
    session
      .request(QUERY, async () => WORKED)
      .then(
        () => "sent",
        (error) => error.code,
      ),
  );
  await vi.advanceTimersByTimeAsync(100_000);
  const endings = await Promise.all(waiting);
  expect(endings.filter((ending) => ending === "WAITERS_FULL")).toHaveLength(1);
  expect(endings.filter((ending) => ending === "sent").length).toBeGreaterThan(0);
});

test("what fails after the owner has ended the session is nobody's fault", async () => {
  const guard = new Guard({ registry: createRegistry() });
  const state = new SessionState();
  const session = new GuardedSession(guard, state);
  let answer = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answer = resolve;
  });
  const running = session.request(QUERY, () => later);
  state.end();
  await vi.advanceTimersByTimeAsync(0);
  answer(KILLED);
  await running;
  await session.request(QUERY, async () => KILLED);
  expect(guard.engine.getMetrics().metrics).toMatchObject({ ignoredCount: 2, failureCount: 0 });
  expect(session.lost).toBeUndefined();
});

test("two guards of one session know of its loss, and of what was used in it, together", async () => {
  const state = new SessionState();
  const one = new GuardedSession(new Guard({ registry: createRegistry() }), state);
  const other = new GuardedSession(new Guard({ registry: createRegistry() }), state);
  await one.request(QUERY, async () => KILLED);
  expect(isSessionLostError(await other.request(QUERY, silent).catch((error) => error))).toBe(true);
});

test("an answer that only looks like JSON reaches its caller as it came", async () => {
  const { session } = guarded();
  const broken = { status: 200, contentType: "application/json", body: '{"data":{oops}}' };
  const asked = { query: '{ container { from(address: "alpine") { id } } }' };
  expect(await session.request(asked, async () => broken)).toBe(broken);
});

test("a breaker that is there already is taken as it is, unless the options name it or its kind", () => {
  const registry = createRegistry();
  registry.get("registry:docker.io", { failureThreshold: 1 });
  registry.get("engine", { failureThreshold: 1 });
  const plain = new Guard({ registry });
  expect(plain.upstream("registry:docker.io")).toBe(registry.get("registry:docker.io"));
  expect(plain.engine).toBe(registry.get("engine"));
  const other = { failureThreshold: 2 };
  for (const name of ["registry:docker.io", "engine"]) {
    expect(() => new Guard({ registry, breakers: { [name]: other } })).toThrow("other options");
  }
  const ofKind = new Guard({ registry, breakers: { "registry:*": other } });
  expect(() => ofKind.upstream("registry:docker.io")).toThrow("other options");
});

test("a registry with no room even for the engine leaves each guard a breaker of its own", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const registry = createRegistry({ maxBreakers: 1 });
  registry.get("registry:docker.io").isolate("down");
  const { engine, answering } = guarded({
    registry,
    breakers: { engine: { failureThreshold: 1 } },
  });
  await answering(KILLED).catch(() => {});
  expect(engine.name).toBe("engine");
  expect(registry.find("engine")).toBeUndefined();
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});

test.each([
  [{ operationTimeoutMs: 0 }, 'guard option "operationTimeoutMs" is 0'],
  [{ operationTimeoutMs: "5s" }, 'guard option "operationTimeoutMs" is "5s"'],
  [
    { breakers: { engin: {} } },
    'a key of guard option "breakers" is "engin", expected registry:HOST',
  ],
  [{ breakers: { engine: { failureThreshold: 0 } } }, '"failureThreshold" is 0'],
  [{ registry: {} }, 'guard option "registry" is an object'],
  [{ signal: "now" }, 'guard option "signal" is "now"'],
  [{ breakers: { "git:*": { failureThreshold: 0 } } }, '"failureThreshold" is 0'],
  [{ needs: "registry:ghcr.io" }, 'guard option "needs" is "registry:ghcr.io", expected a list'],
  [{ needs: ["ghcr.io"] }, 'guard option "needs"[0] is "ghcr.io", expected registry:HOST'],
  [{ needs: ["git:*"] }, 'guard option "needs"[0] is "git:*", expected registry:HOST'],
  [{ needs: ["registry:Docker.io"] }, 'is "registry:Docker.io", expected registry:HOST'],
  [{ needs: ["registry:bot:hunter2@ghcr.io"] }, "expected registry:HOST"],
  [
    { needs: ["registry:registry-1.docker.io"] },
    '"needs"[0] is "registry:registry-1.docker.io", expected "registry:docker.io"',
  ],
  [
    { breakers: { "git:ssh.github.com": {} } },
    'is "git:ssh.github.com", expected "git:github.com"',
  ],
  [{ rateLimitOpenMs: 0 }, 'guard option "rateLimitOpenMs" is 0'],
  [{ onOpen: "hope" }, 'guard option "onOpen" is "hope", expected "reject", "wait"'],
  [{ maxWaitMs: -1 }, 'guard option "maxWaitMs" is -1'],
  [{ timeout: 5 }, 'guard option "timeout" is not known'],
])("wrong options throw: %j", (options, message) => {
  expect(() => new Guard(options as never)).toThrow(message);
});
