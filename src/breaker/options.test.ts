import { describe, expect, test } from "vitest";
import { CircuitBreaker } from "./circuit-breaker.js";
import { systemClock } from "./clock.js";
import { type CircuitBreakerOptions, readSettings, settingsDifference } from "./options.js";

/** Invalid options, and the expected error messages. */
const wrong: [string, unknown, ErrorConstructor, string][] = [
  ["options that are no object", 5, TypeError, "the options of CircuitBreaker are 5"],
  ["options that are null", null, TypeError, "the options of CircuitBreaker are null"],
  ["an unknown key", { failureTreshold: 5 }, TypeError, 'option "failureTreshold" is not known'],
  ["a name that is no text", { name: 5 }, TypeError, 'option "name" is 5, expected a text'],
  [
    "a name of nothing",
    { name: "" },
    RangeError,
    'option "name" is "", expected a text of 1 to 200',
  ],
  ["a name too long", { name: "x".repeat(201) }, RangeError, "expected a text of 1 to 200"],
  ...numbers("failureThreshold", 1_000_000, [0, 1.5, 1_000_001]),
  ...numbers("resetTimeoutMs", 2_147_483_647, [0, 2_147_483_648]),
  ...numbers("maxOpenMs", 2_147_483_647, [0, 59_999]),
  ...numbers("openTimeGrowthFactor", 100, [0, 0.99, 100.1]),
  ...numbers("openTimeJitter", 1, [1.1]),
  ...numbers("halfOpenMaxCalls", 1_000_000, [0, 1.5]),
  ...numbers("halfOpenSuccessThreshold", 1_000_000, [0, 1.5]),
  ...numbers("halfOpenProbeTimeoutMs", 2_147_483_647, [0]),
  ...functions("classifyError"),
  ...functions("classifyResult"),
  ...functions("retryAfter"),
  ...functions("random"),
  ["a word for a switch", { captureRejectionStack: "yes" }, TypeError, 'is "yes", expected true'],
  [
    "a clock without now",
    { clock: {} },
    TypeError,
    'option "clock" is an object, expected an object',
  ],
  ["the class Date as clock", { clock: Date }, TypeError, 'option "clock" is a function'],
  [
    "a trip that is no object",
    { trip: "consecutive" },
    TypeError,
    'CircuitBreaker trip are "consec',
  ],
  ["two ways to trip", { failureThreshold: 1, trip: { consecutive: 1 } }, TypeError, "both given"],
  [
    "a cap below the reset timeout",
    { resetTimeoutMs: 2_000, maxOpenMs: 1_999 },
    RangeError,
    'CircuitBreaker option "maxOpenMs" is 1999, expected a number from resetTimeoutMs (2000) to 2147483647',
  ],
];

function numbers(option: string, max: number, tooFar: number[]): typeof wrong {
  const outside = [Number.NaN, -1, Number.POSITIVE_INFINITY, ...tooFar];
  const label = `CircuitBreaker option "${option}" is`;
  return [
    ...outside.map((value): (typeof wrong)[number] => [
      `${option}: ${value}`,
      { [option]: value },
      RangeError,
      `${label} ${value}, expected`,
    ]),
    [`${option} too`, { [option]: max * 2 }, RangeError, `to ${max}`],
    [`${option}: a text`, { [option]: "5" }, TypeError, `${label} "5", expected a`],
    [`${option}: null`, { [option]: null }, TypeError, `${label} null, expected a`],
  ];
}

function functions(option: string): typeof wrong {
  const expected = `CircuitBreaker option "${option}" is "f", expected a function`;
  return [[`${option}: a text`, { [option]: "f" }, TypeError, expected]];
}

describe("wrong options throw an error that names what was expected", () => {
  test.each(wrong)("%s", (_what, options, errorClass, message) => {
    const make = () => new CircuitBreaker(options as CircuitBreakerOptions);
    expect(make).toThrow(errorClass);
    expect(make).toThrow(message);
  });
});

describe("readSettings", () => {
  test("fills in the documented defaults", () => {
    const { name, settings } = readSettings(undefined);
    expect(name).toBe("default");
    expect(settings).toMatchObject({
      trip: { options: { consecutive: 5 }, slowCallMs: undefined },
      resetTimeoutMs: 60_000,
      maxOpenMs: 3_600_000,
      openTimeGrowthFactor: 1,
      openTimeJitter: 0,
      halfOpenMaxCalls: 1,
      halfOpenSuccessThreshold: 1,
      halfOpenProbeTimeoutMs: 60_000,
      classifyError: undefined,
      classifyResult: undefined,
      retryAfter: undefined,
      captureRejectionStack: false,
    });
    expect(settings.clock).toBe(systemClock);
    expect(settings.random).toBe(Math.random);
  });

  test("treats an option of undefined as not given", () => {
    const names = Object.keys(readSettings({}).settings).concat("failureThreshold", "name");
    const nothing = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(settingsDifference(readSettings(nothing).settings, readSettings({}).settings)).toBe(
      undefined,
    );
  });

  test("some defaults follow other options", () => {
    const { settings } = readSettings({ resetTimeoutMs: 7_200_000, halfOpenMaxCalls: 3 });
    expect(settings).toMatchObject({
      maxOpenMs: 7_200_000,
      halfOpenSuccessThreshold: 3,
      halfOpenProbeTimeoutMs: 7_200_000,
    });
  });

  test("accepts the largest and smallest values", () => {
    const most = {
      name: "x".repeat(200),
      failureThreshold: 1_000_000,
      resetTimeoutMs: 2_147_483_647,
      openTimeGrowthFactor: 100,
      openTimeJitter: 1,
      halfOpenMaxCalls: 1_000_000,
    };
    expect(readSettings(most).settings).toMatchObject({ maxOpenMs: 2_147_483_647 });
    expect(readSettings({ name: "x", resetTimeoutMs: 0.5, maxOpenMs: 0.5 }).name).toBe("x");
  });
});

describe("settingsDifference", () => {
  const settings = (options: CircuitBreakerOptions) => readSettings(options).settings;

  test("finds no difference between two forms of the same option", () => {
    expect(
      settingsDifference(settings({ failureThreshold: 2 }), settings({ trip: { consecutive: 2 } })),
    ).toBeUndefined();
  });

  test("shows both values of each option that differs", () => {
    const there = settings({ resetTimeoutMs: 1_000, trip: { failures: 2, windowMs: 9 } });
    const here = settings({
      resetTimeoutMs: 2_000,
      halfOpenProbeTimeoutMs: 1_000,
      random: () => 0,
    });
    const text = settingsDifference(there, here);
    expect(text).toContain("resetTimeoutMs is 1000 (existing) and 2000 (given)");
    expect(text).toContain('{"failures":2,"windowMs":9} (existing) and {"consecutive":5} (given)');
    expect(text).toContain("random is a function (existing) and a function (given)");
    expect(text).not.toContain("halfOpenProbeTimeoutMs");
  });
});
