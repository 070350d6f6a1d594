import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  booleanField,
  checkFunction,
  checkNumber,
  checkText,
  functionField,
  MAX_DELAY_MS,
  MILLISECONDS,
  numberField,
  objectField,
  readObject,
  readOptions,
  SHARE,
  SOME_CALLS,
  SOME_MILLISECONDS,
  show,
  signalField,
  wordField,
} from "./check.js";

const fields = { count: numberField(7, SOME_CALLS), loud: booleanField(false) };

describe("readOptions", () => {
  test("gives each field its value, or its default if the value is missing or undefined", () => {
    expect(readOptions("Thing", undefined, fields)).toEqual({ count: 7, loud: false });
    expect(readOptions("Thing", { count: 3 }, fields)).toEqual({ count: 3, loud: false });
    expect(readOptions("Thing", { count: undefined, loud: true }, fields)).toEqual({
      count: 7,
      loud: true,
    });
  });

  test.each([
    [null, "the options of Thing are null, expected an object"],
    [7, "the options of Thing are 7, expected an object"],
    ["x", 'the options of Thing are "x", expected an object'],
    [[], "the options of Thing are an array, expected an object"],
    [() => {}, "the options of Thing are a function, expected an object"],
    [{ cuont: 3 }, 'Thing option "cuont" is not known, did you mean "count"?'],
    [{ number: 3 }, 'Thing option "number" is not known, expected "count" or "loud"'],
    [{ count: "3" }, 'Thing option "count" is "3", expected a whole number from 1 to 1000000'],
    [{ loud: null }, 'Thing option "loud" is null, expected true or false'],
  ])("rejects %j with a TypeError", (given, message) => {
    expect(() => readOptions("Thing", given, fields)).toThrow(new TypeError(message));
  });

  test("rejects an unknown key even if its value is undefined", () => {
    expect(() => readObject("Thing", { cuont: undefined }, ["count"])).toThrow(TypeError);
  });

  test("readObject returns the object itself, or an empty one for undefined", () => {
    const given = { count: 1 };
    expect(readObject("Thing", given, ["count"])).toBe(given);
    expect(readObject("Thing", undefined, ["count"])).toEqual({});
  });

  test("rejects a key that every object inherits", () => {
    expect(() => readOptions("Thing", { toString: 1 }, fields)).toThrow('"toString" is not known');
  });
});

describe("checkNumber", () => {
  test.each<[unknown, typeof MILLISECONDS, ErrorConstructor, string]>([
    [Number.NaN, MILLISECONDS, RangeError, "NaN, expected a number of milliseconds from 0 to"],
    [-1, MILLISECONDS, RangeError, "-1, expected a number of milliseconds from 0 to"],
    [Number.POSITIVE_INFINITY, MILLISECONDS, RangeError, "Infinity, expected a number of"],
    [Number.NEGATIVE_INFINITY, MILLISECONDS, RangeError, "-Infinity, expected a number of"],
    [MAX_DELAY_MS + 1, MILLISECONDS, RangeError, "2147483648, expected a number of"],
    [0, SOME_MILLISECONDS, RangeError, "0, expected a number of milliseconds above 0 and up to"],
    [0, SOME_CALLS, RangeError, "0, expected a whole number from 1 to 1000000"],
    [1.5, SOME_CALLS, RangeError, "1.5, expected a whole number from 1 to 1000000"],
    [1.01, SHARE, RangeError, "1.01, expected a number from 0 to 1"],
    ["5", MILLISECONDS, TypeError, '"5", expected a number of milliseconds'],
    [null, MILLISECONDS, TypeError, "null, expected a number"],
    [undefined, MILLISECONDS, TypeError, "undefined, expected a number"],
    [true, MILLISECONDS, TypeError, "true, expected a number"],
    [5n, MILLISECONDS, TypeError, "5n, expected a number"],
    [new Number(5), MILLISECONDS, TypeError, "an object, expected a number"],
    [[5], MILLISECONDS, TypeError, "an array, expected a number"],
    [Symbol("five"), MILLISECONDS, TypeError, "Symbol(five), expected a number"],
  ])("rejects %s within %o", (value, range, errorClass, message) => {
    const check = () => checkNumber(value, "resetTimeoutMs", range);
    expect(check).toThrow(errorClass);
    expect(check).toThrow(`resetTimeoutMs is ${message}`);
  });

  test("returns exactly the numbers within the range", () => {
    const bounds = fc.tuple(
      fc.integer({ min: -99, max: 99 }),
      fc.nat(99),
      fc.boolean(),
      fc.boolean(),
    );
    const value = fc.oneof(fc.integer({ min: -250, max: 250 }), fc.double({ min: -250, max: 250 }));
    fc.assert(
      fc.property(bounds, value, ([min, size, above, whole], number) => {
        const range = { min, max: min + size, above, whole };
        const inside = number <= range.max && (above ? number > min : number >= min);
        const check = () => checkNumber(number, "x", range);
        if (inside && (!whole || number % 1 === 0)) expect(check()).toBe(number);
        else expect(check).toThrow(RangeError);
      }),
    );
  });
});

describe("fields", () => {
  const read = (field: { read(value: unknown, label: string): unknown }, value: unknown) =>
    field.read(value, "thing");

  test("a function", () => {
    const field = functionField();
    expect(field.absent).toBeUndefined();
    expect(read(field, show)).toBe(show);
    expect(() => read(field, {})).toThrow(new TypeError("thing is an object, expected a function"));
    expect(() => checkFunction(undefined, "operation")).toThrow(
      new TypeError("operation is undefined, expected a function"),
    );
  });

  test("a boolean", () => {
    expect(booleanField(true).absent).toBe(true);
    expect(read(booleanField(true), false)).toBe(false);
    expect(() => read(booleanField(true), 1)).toThrow(
      new TypeError("thing is 1, expected true or false"),
    );
  });

  test("one word of a list", () => {
    const field = wordField("a", ["a", "b"]);
    expect(field.absent).toBe("a");
    expect(read(field, "b")).toBe("b");
    expect(() => read(field, "c")).toThrow(new RangeError('thing is "c", expected "a" or "b"'));
    expect(() => read(field, 1)).toThrow(new TypeError('thing is 1, expected "a" or "b"'));
  });

  test("an object with methods", () => {
    class Clock {
      now() {
        return 0;
      }
    }
    const clock = new Clock();
    const field = objectField<Clock>(clock, ["now"]);
    const other = new Clock();
    expect(read(field, other)).toBe(other);
    for (const wrong of [null, {}, { now: 1 }, 7]) {
      expect(() => read(field, wrong)).toThrow(
        new TypeError(`thing is ${show(wrong)}, expected an object with "now"`),
      );
    }
  });

  test("an AbortSignal", () => {
    const { signal } = new AbortController();
    expect(read(signalField, signal)).toBe(signal);
    for (const wrong of [null, {}, "signal", new AbortController(), { aborted: false }]) {
      expect(() => read(signalField, wrong)).toThrow(
        new TypeError(`thing is ${show(wrong)}, expected an AbortSignal`),
      );
    }
  });

  test("a text", () => {
    expect(checkText("ab", "thing", 2)).toBe("ab");
    expect(() => checkText("", "thing", 2)).toThrow(
      new RangeError('thing is "", expected a text of 1 to 2 characters'),
    );
    expect(() => checkText("abc", "thing", 2)).toThrow(RangeError);
    expect(() => checkText(7, "thing", 2)).toThrow(new TypeError("thing is 7, expected a text"));
  });
});

describe("show", () => {
  test.each<[unknown, string]>([
    ["text", '"text"'],
    ["x".repeat(40), `"${"x".repeat(40)}"`],
    ["x".repeat(41), `"${"x".repeat(40)}"...`],
    [{ password: "secret" }, "an object"],
    [["secret"], "an array"],
    [() => "secret", "a function"],
    [null, "null"],
    [undefined, "undefined"],
    ["https://u:hunter2@mirror.example/hub", '"https://***@mirror.example/hub"'],
    ["https://u:hun/te?r2#@mirror.example", '"https://***@mirror.example"'],
    ["https://mirror.example/hub?token=hunter2", '"https://mirror.example/hub?***"'],
    ["u:hunter2@mirror.example/hub", '"***@mirror.example/hub"'],
    [`u:hunter2@m.example/a@sha256:${"0".repeat(9)}`, '"***@m.example/a@sha256:000000000"'],
    ["alpine:3@sha256:zz", '"alpine:3@sha256:zz"'],
    ["@scope/package", '"@scope/package"'],
    [`https://u:${"hunter2".repeat(99)}@mirror.example`, '"https://***@mirror.example"'],
    [7n, "7n"],
    [-0.5, "-0.5"],
  ])("shows a value cut short and without private parts: case %#", (value, expected) => {
    expect(show(value)).toBe(expected);
  });
});
