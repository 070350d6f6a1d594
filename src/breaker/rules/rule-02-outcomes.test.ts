/** Rule 2: the outcomes success, failure and ignored, and the code that decides the outcome. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { counted, setUp, setUpHalfOpen, trip } from "../../../tests/breaker/harness.js";
import type { CircuitBreakerOptions, Outcome } from "../options.js";

const down = new Error("down");
const fail = () => Promise.reject(down);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("rule 2: three outcomes", () => {
  test("by default an error is a failure and a value a success", async () => {
    const { breaker } = setUp();
    await breaker.execute(() => false);
    await breaker.execute(fail).catch(() => {});
    expect(counted(breaker)).toMatchObject({ successCount: 1, failureCount: 1 });
    expect(breaker.state).toBe("open");
  });

  test.each<[Outcome, object]>([
    ["success", { successCount: 1 }],
    ["failure", { failureCount: 1, stateChanges: 1 }],
    ["ignored", { ignoredCount: 1 }],
  ])("classifyError and classifyResult may return %s", async (outcome, counters) => {
    const byError = setUp({ classifyError: () => outcome }).breaker;
    await expect(byError.execute(fail)).rejects.toBe(down);
    expect(counted(byError)).toEqual(counters);
    const byResult = setUp({ classifyResult: () => outcome }).breaker;
    expect(await byResult.execute(() => "value")).toBe("value");
    expect(counted(byResult)).toEqual(counters);
  });

  test("the classifiers receive the error and the value themselves", async () => {
    const value = { status: 503 };
    const seen: unknown[] = [];
    const see = (what: unknown): Outcome => {
      seen.push(what);
      return "ignored";
    };
    const { breaker } = setUp({ classifyError: see, classifyResult: see });
    await breaker.execute(() => value);
    await breaker.execute(fail).catch(() => {});
    expect(seen[0]).toBe(value);
    expect(seen[1]).toBe(down);
  });

  test.each<[string, CircuitBreakerOptions]>([
    ["throws", { classifyError: () => broken(), classifyResult: () => broken() }],
    [
      "answers nonsense",
      { classifyError: () => "bad" as Outcome, classifyResult: () => undefined as never },
    ],
  ])(
    "a classifier that %s falls back to the default and is announced once",
    async (_how, options) => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      const { breaker } = setUp({ ...options, failureThreshold: 3 });
      for (let call = 0; call < 2; call++) {
        expect(await breaker.execute(() => "value")).toBe("value");
        await expect(breaker.execute(fail)).rejects.toBe(down);
      }
      expect(counted(breaker)).toEqual({ successCount: 2, failureCount: 2 });
      expect(warn.mock.calls.map(([text]) => text)).toEqual([
        expect.stringContaining('classifyResult of circuit breaker "default" failed'),
        expect.stringContaining('classifyError of circuit breaker "default" failed'),
      ]);
    },
  );

  test("rejects a promise as a classifier's answer; its rejection does not end the process", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const { breaker } = setUp({ classifyError: (async () => broken()) as never });
    await expect(breaker.execute(fail)).rejects.toBe(down);
    await new Promise((resolve) => setImmediate(resolve));
    expect(counted(breaker)).toMatchObject({ failureCount: 1 });
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test("a rejection by this package inside the operation is ignored, unless a classifier decides otherwise", async () => {
    const inner = setUp().breaker;
    trip(inner);
    const { breaker } = setUp();
    await breaker.execute(() => inner.execute(() => "value")).catch(() => {});
    expect(counted(breaker)).toEqual({ ignoredCount: 1 });
    const strict = setUp({ classifyError: () => "failure" }).breaker;
    await strict.execute(() => inner.execute(() => "value")).catch(() => {});
    expect(strict.state).toBe("open");
  });
});

describe("rule 2: the signal", () => {
  test("the operation receives the signal given to execute, or undefined", async () => {
    const { breaker } = setUp();
    const { signal } = new AbortController();
    expect(await breaker.execute((context) => context.signal, { signal })).toBe(signal);
    expect(await breaker.execute((context) => context.signal)).toBeUndefined();
    expect(await breaker.execute((context) => context.signal, {})).toBeUndefined();
    expect(await breaker.execute((context) => context.signal, { signal: undefined })).toBe(
      undefined,
    );
  });

  test.each<[string, unknown, unknown, object]>([
    ["the reason of the abort", down, down, { ignoredCount: 1 }],
    ["an AbortError", down, new DOMException("stop", "AbortError"), { ignoredCount: 1 }],
    ["a reason that is no object", "stop", "stop", { ignoredCount: 1 }],
    ["the TimeoutError of the abort", timeout(), undefined, { failureCount: 1, stateChanges: 1 }],
    [
      "an AbortError after a TimeoutError",
      timeout(),
      new DOMException("stop", "AbortError"),
      { failureCount: 1, stateChanges: 1 },
    ],
    [
      "what a client makes of the abort",
      down,
      Object.assign(new Error("canceled"), { code: "ERR_CANCELED" }),
      { ignoredCount: 1 },
    ],
    [
      "what a client makes of a TimeoutError",
      timeout(),
      Object.assign(new Error("1 CANCELLED"), { code: 1 }),
      { failureCount: 1, stateChanges: 1 },
    ],
    ["another error", down, new Error("other"), { failureCount: 1, stateChanges: 1 }],
    ["null", down, null, { failureCount: 1, stateChanges: 1 }],
  ])(
    "aborted, a rejection with %s counts as it should",
    async (_what, reason, thrown, counters) => {
      const { breaker } = setUp();
      const abort = new AbortController();
      const error = thrown === undefined ? reason : thrown;
      const operation = () => {
        abort.abort(reason);
        return Promise.reject(error);
      };
      await expect(breaker.execute(operation, { signal: abort.signal })).rejects.toBe(error);
      expect(counted(breaker)).toEqual(counters);
    },
  );

  test("the classifiers are not asked about an abort", async () => {
    const classifyError = vi.fn<() => Outcome>(() => "failure");
    const { breaker } = setUp({ classifyError });
    const abort = new AbortController();
    const operation = () => {
      abort.abort();
      throw abort.signal.reason;
    };
    await breaker.execute(operation, { signal: abort.signal }).catch(() => {});
    expect(classifyError).not.toHaveBeenCalled();
    expect(counted(breaker)).toEqual({ ignoredCount: 1 });
  });

  test("an AbortError from another source is an ordinary error", async () => {
    const { breaker } = setUp({ failureThreshold: 5 });
    const elsewhere = () => Promise.reject(new DOMException("stop", "AbortError"));
    const { signal } = new AbortController();
    await breaker.execute(elsewhere, { signal }).catch(() => {});
    await breaker.execute(elsewhere).catch(() => {});
    expect(counted(breaker)).toEqual({ failureCount: 2 });
  });

  test("a value that arrives after the abort is a success", async () => {
    const { breaker } = setUp();
    const abort = new AbortController();
    const operation = () => {
      abort.abort();
      return "value";
    };
    expect(await breaker.execute(operation, { signal: abort.signal })).toBe("value");
    expect(counted(breaker)).toEqual({ successCount: 1 });
  });

  test("a signal that is already aborted takes no permit and calls nothing", async () => {
    const { breaker } = setUpHalfOpen();
    const before = breaker.getMetrics();
    const operation = vi.fn();
    const signal = AbortSignal.abort(down);
    await expect(breaker.execute(operation, { signal })).rejects.toBe(down);
    expect(await breaker.tryExecute(operation, { signal })).toEqual({
      ok: false,
      rejected: false,
      error: down,
    });
    expect(operation).not.toHaveBeenCalled();
    expect(breaker.getMetrics()).toEqual(before);
  });
});

describe("rule 2: ignored outcomes and released permits", () => {
  test("both free the probe slot and leave the circuit half-open", () => {
    const { breaker } = setUpHalfOpen();
    breaker.acquire().ignore();
    expect(breaker.check().admits).toBe(true);
    breaker.acquire().release();
    expect(breaker.check().admits).toBe(true);
    expect(breaker.state).toBe("half-open");
  });

  test("neither touches the trip policy", () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    breaker.acquire().failure(down);
    breaker.acquire().ignore(down);
    breaker.acquire().release();
    expect(breaker.getMetrics().trip).toEqual({ policy: "consecutive", consecutiveFailures: 1 });
  });

  test("the first is counted as ignored, the second as nothing", () => {
    const { breaker } = setUp();
    breaker.acquire().release();
    expect(counted(breaker)).toEqual({});
    breaker.acquire().ignore();
    expect(counted(breaker)).toEqual({ ignoredCount: 1 });
  });
});

function broken(): never {
  throw new Error("broken");
}

function timeout(): DOMException {
  return new DOMException("too slow", "TimeoutError");
}
