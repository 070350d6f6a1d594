import { describe, expect, test } from "vitest";
import { readThreshold, readTrip } from "./trip-options.js";

const rate = { failureRate: 0.5, windowCalls: 10 };

/** Invalid trip options, and the expected error messages. */
const wrong: [string, unknown, ErrorConstructor, string][] = [
  ["none of the policies", {}, TypeError, "names no policy, expected exactly one of consecutive"],
  ["a policy of undefined", { consecutive: undefined }, TypeError, "names no policy"],
  ["a window alone", { windowMs: 1 }, TypeError, "names no policy"],
  ["two policies", { consecutive: 1, failures: 1 }, TypeError, "names consecutive and failures"],
  ["an unknown key", { consecutive: 1, color: 1 }, TypeError, 'option "color" is not known'],
  [
    "the key of another policy",
    { consecutive: 1, windowMs: 9 },
    TypeError,
    '"windowMs" is not known',
  ],
  ["null", null, TypeError, "the options of CircuitBreaker trip are null"],
  ["an array", [], TypeError, "the options of CircuitBreaker trip are an array"],
  ...numbers({ consecutive: 1 }, "consecutive", [0, 1.5, 1_000_001]),
  ...numbers({ badSeconds: 1, windowMs: 1e6 }, "badSeconds", [0, 1.5, 3_601]),
  ...numbers({ badSeconds: 1, windowMs: 1e6 }, "windowMs", [0, 999]),
  ...numbers({ failures: 1, windowMs: 1e6 }, "failures", [0, 1.5, 100_001]),
  ...numbers({ failures: 1, windowMs: 1e6 }, "windowMs", [0]),
  ...numbers({ failureRate: 1, windowMs: 1e6 }, "failureRate", [0, 1.01]),
  ...numbers({ failureRate: 1, windowMs: 1e6 }, "windowMs", [0]),
  ...numbers({ failureRate: 1, windowCalls: 9 }, "windowCalls", [0, 1.5, 1_000_001]),
  ...numbers({ ...rate, minimumCalls: 9 }, "minimumCalls", [0, 1.5, 11]),
  ...numbers({ ...rate, slowCallMs: 9 }, "slowCallMs", [0]),
  ...numbers({ ...rate, slowCallMs: 9, slowCallRate: 1 }, "slowCallRate", [0, 1.01]),
  [
    "bad seconds, no window",
    { badSeconds: 5 },
    TypeError,
    'option "windowMs" is missing: badSeconds needs it, in milliseconds',
  ],
  [
    "failures, no window",
    { failures: 5 },
    TypeError,
    "is missing: failures needs it, in milliseconds",
  ],
  [
    "a rate over both windows",
    { ...rate, windowMs: 5 },
    TypeError,
    "has windowMs 5 and windowCalls 10, expected exactly one of them",
  ],
  [
    "a rate over no window",
    { failureRate: 1 },
    TypeError,
    "has windowMs undefined and windowCalls",
  ],
  [
    "a share of slow calls without telling what is slow",
    { ...rate, slowCallRate: 0.5 },
    TypeError,
    'option "slowCallMs" is missing: slowCallRate needs it, in milliseconds',
  ],
  [
    "a minimum that the window can never hold",
    { ...rate, minimumCalls: 11 },
    RangeError,
    'option "minimumCalls" is 11, expected a whole number from 1 to 10',
  ],
  [
    "a window without room for the bad seconds",
    { badSeconds: 5, windowMs: 4_999 },
    RangeError,
    'option "windowMs" is 4999, expected a number of milliseconds from 5000 to',
  ],
];

function numbers(valid: object, option: string, tooFar: number[]): typeof wrong {
  const label = `CircuitBreaker trip option "${option}" is`;
  const outside = [Number.NaN, -1, Number.POSITIVE_INFINITY, ...tooFar];
  return [
    ...outside.map((value): (typeof wrong)[number] => [
      `${option}: ${value}`,
      { ...valid, [option]: value },
      RangeError,
      `${label} ${value}, expected a`,
    ]),
    [`${option}: a text`, { ...valid, [option]: "5" }, TypeError, `${label} "5", expected a`],
  ];
}

describe("wrong trip options throw an error that names what was expected", () => {
  test.each(wrong)("%s", (_what, options, errorClass, message) => {
    expect(() => readTrip(options)).toThrow(errorClass);
    expect(() => readTrip(options)).toThrow(message);
  });
});

describe("readTrip", () => {
  test.each<[object, object]>([
    [{ consecutive: 2 }, { policy: "consecutive", consecutiveFailures: 0 }],
    [
      { badSeconds: 1, windowMs: 1_000 },
      { policy: "badSeconds", badSeconds: 0 },
    ],
    [
      { failures: 2, windowMs: 9 },
      { policy: "failures", failures: 0 },
    ],
    [rate, { policy: "failureRate", calls: 0, failures: 0, slowCalls: 0 }],
    [
      { failureRate: 1, windowMs: 9 },
      { policy: "failureRate", calls: 0, failures: 0, slowCalls: 0 },
    ],
  ])("plans the policy for %j", (options, snapshot) => {
    expect(readTrip(options).newPolicy().snapshot(0)).toEqual(snapshot);
    expect(readTrip(options).options).toMatchObject(options);
  });

  test("each policy is a new one", () => {
    const plan = readTrip({ consecutive: 2 });
    const [used, other] = [plan.newPolicy(), plan.newPolicy()];
    used.failure(0, false);
    expect(other.snapshot(0)).toEqual({ policy: "consecutive", consecutiveFailures: 0 });
  });

  test("the minimum is ten calls by default, or the window if that is less", () => {
    expect(readTrip({ ...rate, windowCalls: 11 }).options.minimumCalls).toBe(10);
    expect(readTrip({ ...rate, windowCalls: 9 }).options.minimumCalls).toBe(9);
    expect(readTrip({ failureRate: 1, windowMs: 9 }).options.minimumCalls).toBe(10);
    expect(readTrip({ failureRate: 1, windowMs: 9, minimumCalls: 1e6 }).options.minimumCalls).toBe(
      1e6,
    );
  });

  test("only slowCallMs times calls, and then all calls must be slow by default", () => {
    expect(readTrip(rate).slowCallMs).toBeUndefined();
    expect(readTrip({ consecutive: 1 }).slowCallMs).toBeUndefined();
    const plan = readTrip({ ...rate, slowCallMs: 9 });
    expect(plan.slowCallMs).toBe(9);
    expect(plan.options.slowCallRate).toBe(1);
  });
});

test("readThreshold names the option that it is given for", () => {
  expect(readThreshold(3, "failureThreshold").options).toEqual({ consecutive: 3 });
  expect(() => readThreshold(0, "failureThreshold")).toThrow("failureThreshold is 0, expected");
});
