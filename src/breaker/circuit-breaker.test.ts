import { describe, expect, test } from "vitest";
import { counted, setUp, trip } from "../../tests/breaker/harness.js";
import {
  CircuitBreaker,
  type ExecuteOptions,
  executeWithCircuitBreaker,
  type RecordDetail,
} from "./circuit-breaker.js";
import { CircuitState } from "./circuit-state.js";
import type { Outcome } from "./options.js";

describe("a breaker made without options", () => {
  test("is called default, is closed, and opens after five failures for a minute", () => {
    const breaker = new CircuitBreaker();
    expect([breaker.name, breaker.state]).toEqual(["default", CircuitState.Closed]);
    for (let call = 0; call < 4; call++) breaker.acquire().failure();
    expect(breaker.state).toBe(CircuitState.Closed);
    breaker.acquire().failure();
    expect(breaker.state).toBe(CircuitState.Open);
    expect(breaker.check().retryAfterMs).toBeGreaterThan(59_000);
  });
});

test("the states have the names that metrics and events show", () => {
  expect(CircuitState).toEqual({ Closed: "closed", Open: "open", HalfOpen: "half-open" });
});

test("executeWithCircuitBreaker does the same as execute of the given breaker", async () => {
  const { breaker } = setUp();
  const { signal } = new AbortController();
  expect(await executeWithCircuitBreaker(breaker, (context) => context.signal, { signal })).toBe(
    signal,
  );
  trip(breaker);
  await expect(executeWithCircuitBreaker(breaker, () => 1)).rejects.toMatchObject({
    reason: "open",
  });
});

describe("wrong arguments throw an error that names what was expected", () => {
  const { breaker } = setUp();
  const operation = () => "value";
  const cases: [string, () => unknown, ErrorConstructor, string][] = [
    [
      "no operation",
      () => breaker.execute(undefined as never),
      TypeError,
      "operation is undefined",
    ],
    ["a promise", () => breaker.execute({} as never, {}), TypeError, "operation is an object"],
    [
      "no breaker",
      () => executeWithCircuitBreaker(undefined as never, operation),
      TypeError,
      'breaker is undefined, expected an object with "execute"',
    ],
    [
      "options null",
      () => breaker.execute(operation, null as never),
      TypeError,
      "execute are null",
    ],
    [
      "an unknown option",
      () => breaker.execute(operation, { timeout: 5 } as ExecuteOptions),
      TypeError,
      'execute option "timeout" is not known, expected "signal"',
    ],
    [
      "no signal",
      () => breaker.execute(operation, { signal: new AbortController() } as never),
      TypeError,
      'execute option "signal" is an object, expected an AbortSignal',
    ],
    ["no event", () => breaker.on("open" as never, operation), RangeError, 'event is "open"'],
    ["event 5", () => breaker.on(5 as never, operation), TypeError, "event is 5"],
    ["no listener", () => breaker.on("late", "f" as never), TypeError, 'listener is "f"'],
    ["no reason", () => breaker.isolate(undefined as never), TypeError, "reason is undefined"],
    ["reason empty", () => breaker.isolate(""), RangeError, 'reason is "", expected a text of 1'],
    ["reason too long", () => breaker.isolate("x".repeat(1_001)), RangeError, "1 to 1000"],
    ["no outcome", () => record("late"), RangeError, 'outcome is "late", expected "success"'],
    ["outcome 5", () => record(5), TypeError, "outcome is 5"],
    [
      "no detail",
      () => breaker.record("success", undefined as never),
      TypeError,
      "generation is undef",
    ],
    ["detail null", () => breaker.record("success", null as never), TypeError, "record are null"],
    [
      "unknown detail",
      () => record("success", { time: 5 }),
      TypeError,
      'option "time" is not known',
    ],
    [
      "generation NaN",
      () => record("success", { generation: NaN }),
      RangeError,
      "generation is NaN",
    ],
    ["generation 0", () => record("success", { generation: 0 }), RangeError, "generation is 0"],
    ["generation 1.5", () => record("success", { generation: 1.5 }), RangeError, "a whole number"],
    ["generation a text", () => record("success", { generation: "1" }), TypeError, 'is "1"'],
    ["duration -1", () => record("success", { durationMs: -1 }), RangeError, "durationMs is -1"],
    [
      "duration a text",
      () => record("success", { durationMs: "5" }),
      TypeError,
      'durationMs is "5"',
    ],
  ];
  function record(outcome: unknown, detail: object = {}): void {
    breaker.record(outcome as Outcome, { generation: 1, ...detail } as RecordDetail);
  }

  test.each(cases)("%s", (_what, call, errorClass, message) => {
    expect(call).toThrow(errorClass);
    expect(call).toThrow(message);
    expect(counted(breaker)).toEqual({});
    expect(breaker.getMetrics().generation).toBe(1);
  });

  test("tryExecute rejects with the same errors", async () => {
    await expect(breaker.tryExecute("f" as never)).rejects.toThrow(
      new TypeError('operation is "f", expected a function'),
    );
    await expect(breaker.tryExecute(operation, { timeout: 5 } as never)).rejects.toThrow(TypeError);
  });

  test("accepts texts up to their maximum length", () => {
    const other = setUp().breaker;
    other.isolate("x".repeat(1_000));
    expect(other.state).toBe("open");
  });
});
