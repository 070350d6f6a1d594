// Requests over time: timeouts, waits for admission, aborts.

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
import { isTimeoutError } from "../policies/timeout.js";
import { isSessionLostError } from "./errors.js";
import { SessionState } from "./session-state.js";

const VERSION = json({ data: { version: "v0.21.8" } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a timeout drops the request, and an engine that returns its version is not at fault", async () => {
  const { engine, session } = guarded({ operationTimeoutMs: 5000 });
  const sent: string[] = [];
  const request = sendIn(session, QUERY, (asked, signal) => {
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

test("after a timeout an engine that does not return its version in two seconds has failed", async () => {
  const { engine, session } = guarded({ operationTimeoutMs: 5000 });
  const caught = sendIn(session, QUERY, silent).catch((error) => error);
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
])("after a timeout an engine that %s has failed", async (_title, second) => {
  const { engine, session } = guarded({ operationTimeoutMs: 5000 });
  const caught = sendIn(session, QUERY, (asked, signal) =>
    asked === QUERY ? silent(asked, signal) : second(),
  ).catch((error) => error);
  await vi.advanceTimersByTimeAsync(5000);
  expect(isTimeoutError(await caught)).toBe(true);
  expect(engine.getMetrics().metrics.failureCount).toBe(1);
  expect(session.lost).toBeDefined();
});

test("the caller of a silent engine gets the timeout at once; the permit is held until the outcome", async () => {
  const state = new SessionState();
  const { engine, session } = guarded({ operationTimeoutMs: 5000 }, state);
  const told = vi.fn();
  sendIn(session, QUERY, silent).catch(told);
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toHaveBeenCalledOnce();
  expect(engine.getMetrics()).toMatchObject({ inFlightCount: 1, metrics: { failureCount: 0 } });
  // The end of the session waits for the outcome of the timeout.
  const answered = vi.fn();
  void state.answered().then(answered);
  await vi.advanceTimersByTimeAsync(1999);
  expect(answered).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(answered).toHaveBeenCalledOnce();
  expect(engine.getMetrics()).toMatchObject({ inFlightCount: 0, metrics: { failureCount: 1 } });
});

test("after a probe's timeout the next request waits for its outcome, and is not rejected", async () => {
  const clock = { now: () => Date.now() };
  const engineOptions = {
    failureThreshold: 1,
    resetTimeoutMs: 1000,
    halfOpenProbeTimeoutMs: 60_000,
    clock,
  };
  const { engine, session, answering } = guarded({
    operationTimeoutMs: 5000,
    breakers: { engine: engineOptions },
  });
  engine.acquire().failure(new Error("down"));
  await vi.advanceTimersByTimeAsync(1000);
  sendIn(session, QUERY, (asked, signal) =>
    asked === QUERY
      ? silent(asked, signal)
      : new Promise<SessionResponse>((resolve) => setTimeout(resolve, 1900, VERSION)),
  ).catch(() => {});
  await vi.advanceTimersByTimeAsync(5000);
  const next = answering(WORKED);
  await vi.advanceTimersByTimeAsync(1900);
  expect(await next).toBe(WORKED);
  expect(engine.state).toBe("closed");
});

test("a cut question of ours does not lose a session that its owner may end without notice", async () => {
  const { engine, session } = guarded(
    { operationTimeoutMs: 5000 },
    new SessionState(undefined, undefined, true),
  );
  const cut = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  const caught = sendIn(session, QUERY, (asked, signal) =>
    asked === QUERY ? silent(asked, signal) : Promise.reject(cut),
  ).catch((error) => error);
  await vi.advanceTimersByTimeAsync(5000);
  expect(isTimeoutError(await caught)).toBe(true);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
  expect(session.lost).toBeUndefined();
});

test("ignores an abort during the version question", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ operationTimeoutMs: 5000, signal: controller.signal });
  const caught = sendIn(session, QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(5500);
  controller.abort(new Error("stop"));
  expect(isTimeoutError(await caught)).toBe(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(engine.getMetrics().metrics).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("a request that ends in time leaves no timer and no listener", async () => {
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
  const requests = Array.from({ length: 100 }, () => sendIn(session, QUERY, silent));
  await vi.advanceTimersByTimeAsync(0);
  expect(added).toHaveBeenCalledTimes(1);
  controller.abort(new Error("stop"));
  const endings = await Promise.allSettled(requests);
  expect(endings.every(({ status }) => status === "rejected")).toBe(true);
});

test('with onOpen "wait" a request waits for the circuit and is then sent', async () => {
  const clock = { now: () => Date.now() };
  const { engine, session } = guarded({
    breakers: { engine: { failureThreshold: 1, resetTimeoutMs: 1000, clock } },
    onOpen: "wait",
    waitSpreadMs: 0,
  });
  engine.acquire().failure(new Error("down"));
  const exchange = vi.fn(async () => WORKED);
  const request = sendIn(session, QUERY, exchange);
  await vi.advanceTimersByTimeAsync(999);
  expect(exchange).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(await request).toBe(WORKED);
  expect(engine.state).toBe("closed");
});

test("rejects a request whose session was lost during its wait, without a probe slot", async () => {
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
  const running = sendIn(session, QUERY, () => later);
  await vi.advanceTimersByTimeAsync(0);
  engine.acquire().failure(new Error("down"));
  const waiting = sendIn(session, QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(10);
  answer(KILLED);
  await running;
  await vi.advanceTimersByTimeAsync(1000);
  expect(isSessionLostError(await waiting)).toBe(true);
  expect(engine.check().admits).toBe(true);
});

test("ends all waiting requests at once when their session is lost", async () => {
  const { engine, session } = guarded({ onOpen: "wait", waitSpreadMs: 0 });
  let answer = (_: SessionResponse): void => {};
  const later = new Promise<SessionResponse>((resolve) => {
    answer = resolve;
  });
  const running = sendIn(session, QUERY, () => later);
  await vi.advanceTimersByTimeAsync(0);
  for (let failure = 0; failure < 5; failure += 1) engine.acquire().failure(new Error("down"));
  const waiting = [1, 2, 3].map(() => sendIn(session, QUERY, silent).catch((error) => error));
  await vi.advanceTimersByTimeAsync(10);
  answer(KILLED);
  await running;
  expect((await Promise.all(waiting)).every(isSessionLostError)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("an abort ends the wait for admission with its reason and takes no permit", async () => {
  const controller = new AbortController();
  const { engine, session } = guarded({ onOpen: "wait", signal: controller.signal });
  for (let failure = 0; failure < 5; failure += 1) engine.acquire().failure(new Error("down"));
  const waiting = sendIn(session, QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(10);
  const reason = new Error("stop");
  controller.abort(reason);
  expect(await waiting).toBe(reason);
  expect(engine.getMetrics().inFlightCount).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("the wait counts toward the timeout: a wait that cannot end before it is rejected at once", async () => {
  const clock = { now: () => Date.now() };
  const engineOptions = { failureThreshold: 1, resetTimeoutMs: 1000, clock };
  const options = { onOpen: "wait", waitSpreadMs: 0, breakers: { engine: engineOptions } } as const;
  const patient = guarded({ ...options, operationTimeoutMs: 1500 });
  patient.engine.acquire().failure(new Error("down"));
  const request = sendIn(patient.session, QUERY, silent).catch((error) => error);
  await vi.advanceTimersByTimeAsync(1000);
  expect(patient.engine.getMetrics().inFlightCount).toBe(1);
  await vi.advanceTimersByTimeAsync(499 + 2000);
  expect(patient.engine.getMetrics().inFlightCount).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(isTimeoutError(await request)).toBe(true);

  const hasty = guarded({ ...options, operationTimeoutMs: 900 });
  hasty.engine.acquire().failure(new Error("down"));
  await expect(sendIn(hasty.session, QUERY, silent)).rejects.toMatchObject({
    code: "CIRCUIT_OPEN",
  });
});

test("at most a hundred requests wait for one breaker", async () => {
  const { engine, session } = guarded({ onOpen: "wait" });
  engine.acquire().failure(new Error("down"), { openNow: true });
  const waiting = Array.from({ length: 101 }, () =>
    sendIn(session, QUERY, async () => WORKED).then(
      () => "sent",
      (error) => error.code,
    ),
  );
  await vi.advanceTimersByTimeAsync(100_000);
  const endings = await Promise.all(waiting);
  expect(endings.filter((ending) => ending === "WAITERS_FULL")).toHaveLength(1);
  expect(endings.filter((ending) => ending === "sent").length).toBeGreaterThan(0);
});
