import { afterEach, describe, expect, test, vi } from "vitest";
import { counted, deferred, setUp, trip } from "../../../tests/breaker/harness.js";
import { CircuitBreaker } from "../circuit-breaker.js";

const down = new Error("down");
const fail = () => Promise.reject(down);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("calls in flight", () => {
  test("counts running calls on the fast path and on the slow path", async () => {
    for (const options of [undefined, {}]) {
      const { breaker } = setUp();
      const { promise, resolve } = deferred();
      const calls = [1, 2].map(() => breaker.execute(() => promise, options));
      expect(breaker.getMetrics().inFlightCount).toBe(2);
      resolve("value");
      await Promise.all(calls);
      expect(breaker.getMetrics().inFlightCount).toBe(0);
    }
  });

  test("a call on the fast path that settles after a trip is late", async () => {
    const { breaker } = setUp();
    const [first, second] = [deferred(), deferred()];
    const calls = [first, second].map(({ promise }) => breaker.execute(() => promise));
    trip(breaker);
    first.resolve("value");
    second.reject(down);
    expect(await calls[0]).toBe("value");
    await expect(calls[1]).rejects.toBe(down);
    expect(counted(breaker)).toEqual({ failureCount: 1, lateCount: 2, stateChanges: 1 });
  });

  test("after a reset, running calls belong to the old generation and new ones to the new", async () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    const { promise, reject } = deferred();
    const old = breaker.execute(() => promise);
    breaker.reset();
    await breaker.execute(() => "value");
    reject(down);
    await expect(old).rejects.toBe(down);
    expect(counted(breaker)).toEqual({ successCount: 1, lateCount: 1 });
  });

  test("a listener added during a call on the fast path receives its end, without a duration", async () => {
    const { breaker } = setUp();
    const { promise, resolve } = deferred();
    const call = breaker.execute(() => promise);
    const events: unknown[] = [];
    breaker.on("success", (event) => events.push(event));
    resolve("value");
    await call;
    expect(events).toMatchObject([{ outcome: "success", generation: 1, durationMs: undefined }]);
  });
});

describe("consecutive failures on the fast path", () => {
  test("counts each failure once, before its caller continues, and a success ends the row", async () => {
    const { breaker } = setUp({ failureThreshold: 3 });
    const streak = () => breaker.getMetrics().trip;
    for (const expected of [1, 2]) {
      await expect(breaker.execute(fail)).rejects.toBe(down);
      expect(streak()).toEqual({ policy: "consecutive", consecutiveFailures: expected });
    }
    await breaker.execute(() => "value");
    expect(streak()).toEqual({ policy: "consecutive", consecutiveFailures: 0 });
    await expect(breaker.execute(fail)).rejects.toBe(down);
    expect(counted(breaker)).toEqual({ failureCount: 3, successCount: 1 });
  });

  test("the caller of the failure that trips finds the circuit open", async () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    await breaker.execute(fail).catch(() => {});
    await breaker.execute(fail).catch(() => {
      expect(breaker.state).toBe("open");
    });
    expect.assertions(1);
  });
});

describe("delays that the upstream asks for", () => {
  test.each([-1, Number.NaN, "5", null])(
    "a retryAfter that answers %s is ignored and announced once",
    async (answer) => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      const { breaker, clock } = setUp({ retryAfter: () => answer as number });
      await breaker.execute(fail).catch(() => {});
      expect(breaker.check().retryAfterMs).toBe(1_000);
      clock.advance(1_000);
      await breaker.execute(fail).catch(() => {});
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toContain("retryAfter of circuit breaker");
    },
  );

  test("announces a broken function for each of two breakers", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const retryAfter = () => -1;
    for (const name of ["a", "b"]) {
      const breaker = new CircuitBreaker({ name, retryAfter });
      await breaker.execute(fail).catch(() => {});
    }
    expect(warn).toHaveBeenCalledTimes(2);
  });
});

test("freezes the shared context of operations without a signal", async () => {
  const { breaker } = setUp();
  const contexts: object[] = [];
  for (let call = 0; call < 2; call++) await breaker.execute((context) => contexts.push(context));
  expect(contexts[0]).toBe(contexts[1]);
  expect(Object.isFrozen(contexts[0])).toBe(true);
});

test("ignores an abort whose reason cannot be inspected, and passes it on", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const { breaker } = setUp();
  const abort = new AbortController();
  const operation = () => {
    abort.abort(proxy);
    return Promise.reject(proxy);
  };
  const caught = await breaker.execute(operation, { signal: abort.signal }).catch((e) => [e]);
  expect(Object.is(caught[0], proxy)).toBe(true);
  expect(counted(breaker)).toEqual({ ignoredCount: 1 });
});
