import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  guarded,
  json,
  KILLED,
  QUERY,
  sendIn,
  silent,
  WORKED,
} from "../../tests/guard/one-session.js";
import type { SessionResponse } from "../attribution/failure.js";
import { createRegistry } from "../registry/registry.js";
import { isSessionLostError } from "./errors.js";
import { Guard } from "./guard.js";
import { GuardedSession } from "./guarded-session.js";
import type { FailureRecord } from "./judgement/failure-record.js";
import { SessionState } from "./session-state.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function failed(message: string, extensions?: object): SessionResponse {
  return json({ data: null, errors: [{ message, path: ["container", "from"], extensions }] });
}

test("returns an answer unchanged, as a success of the engine", async () => {
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

test("an engine that is shutting down fails, although it answers 200", async () => {
  const { engine, answering } = guarded();
  await answering(failed("engine is shutting down"));
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
});

test("a cancellation proves nothing about the engine", async () => {
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
  await expect(sendIn(session, QUERY, exchange)).rejects.toMatchObject({
    name: "CircuitBreakerOpenError",
    breakerName: "engine",
    reason: "open",
  });
  expect(exchange).not.toHaveBeenCalled();
});

test("a lost session is one failure, however many requests were in flight", async () => {
  const { engine, session } = guarded({ breakers: { engine: { failureThreshold: 2 } } });
  let answerAll = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answerAll = resolve;
  });
  const requests = [1, 2, 3].map(() => sendIn(session, QUERY, () => later));
  answerAll(KILLED);
  await Promise.all(requests);
  expect(engine.state).toBe("closed");
  expect(engine.getMetrics().metrics).toMatchObject({ failureCount: 1, ignoredCount: 2 });
});

test("a lost session rejects every later request at once, before any breaker is asked", async () => {
  const { engine, session, answering } = guarded();
  await answering(KILLED);
  const exchange = vi.fn();
  const error = await sendIn(session, QUERY, exchange).catch((reason) => reason);
  expect(isSessionLostError(error)).toBe(true);
  expect(session.lost).toBe(error);
  expect(exchange).not.toHaveBeenCalled();
  expect(engine.getMetrics().metrics).toMatchObject({ failureCount: 1, rejectedCount: 0 });
});

test("a refused connection is a failure of the engine and reaches the caller unchanged", async () => {
  const { engine, session } = guarded();
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), {
    code: "ECONNREFUSED",
  });
  await expect(sendIn(session, QUERY, () => Promise.reject(refused))).rejects.toBe(refused);
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
  expect(session.lost).toBeDefined();
});

test("an error of our own proves nothing about the engine", async () => {
  const { engine, session } = guarded();
  const bug = new RangeError("bug");
  await expect(sendIn(session, QUERY, () => Promise.reject(bug))).rejects.toBe(bug);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("the caller's abort ends the request with its reason and is ignored", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ signal: controller.signal });
  const request = sendIn(session, QUERY, silent);
  await vi.advanceTimersByTimeAsync(0);
  const reason = new Error("the user pressed Ctrl-C");
  controller.abort(reason);
  await expect(request).rejects.toBe(reason);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
  await expect(sendIn(session, QUERY, silent)).rejects.toBe(reason);
  expect(engine.getMetrics().metrics.ignoredCount).toBe(1);
});

test("an abort before the request is sent sends nothing and counts nothing", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ signal: controller.signal });
  const exchange = vi.fn();
  const request = sendIn(session, QUERY, exchange);
  const reason = new Error("stop");
  controller.abort(reason);
  await expect(request).rejects.toBe(reason);
  expect(exchange).not.toHaveBeenCalled();
  expect(engine.getMetrics()).toMatchObject({ inFlightCount: 0, metrics: { ignoredCount: 0 } });
});

test("keeps none of a failure's text, only its rule's sentence", async () => {
  const { engine, session, answering } = guarded({ breakers: { engine: { failureThreshold: 1 } } });
  await answering(failed('engine is shutting down: { setSecret(plaintext: "hunter2") }'));
  const error = await sendIn(session, QUERY, silent).catch((reason) => reason);
  const record = error.cause as FailureRecord;
  expect(record).toMatchObject({ name: "GraphQLError", fault: "engine" });
  expect(Date.parse(record.at)).not.toBeNaN();
  expect(JSON.stringify([record, error.message, engine.getMetrics()])).not.toContain("hunter2");
});

test("a failure after the owner has ended the session counts for no component", async () => {
  const guard = new Guard({ registry: createRegistry() });
  const state = new SessionState();
  const session = new GuardedSession(guard, state);
  let answer = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answer = resolve;
  });
  const running = sendIn(session, QUERY, () => later);
  state.end();
  await vi.advanceTimersByTimeAsync(0);
  answer(KILLED);
  await running;
  await sendIn(session, QUERY, async () => KILLED);
  expect(guard.engine.getMetrics().metrics).toMatchObject({ ignoredCount: 2, failureCount: 0 });
  expect(session.lost).toBeUndefined();
});

test("two guards of one session share its loss and its used references", async () => {
  const state = new SessionState();
  const one = new GuardedSession(new Guard({ registry: createRegistry() }), state);
  const other = new GuardedSession(new Guard({ registry: createRegistry() }), state);
  await sendIn(one, QUERY, async () => KILLED);
  expect(isSessionLostError(await sendIn(other, QUERY, silent).catch((error) => error))).toBe(true);
});

test("returns an answer that only looks like JSON unchanged", async () => {
  const { session } = guarded();
  const broken = { status: 200, contentType: "application/json", body: '{"data":{oops}}' };
  const asked = { query: '{ container { from(address: "alpine") { id } } }' };
  expect(await sendIn(session, asked, async () => broken)).toBe(broken);
});
