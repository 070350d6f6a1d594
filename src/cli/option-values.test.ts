import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { duration, durationOrNever, fileName } from "./option-values.js";

test.each([
  ["500ms", 500],
  ["1ms", 1],
  ["90s", 90_000],
  ["10m", 600_000],
  ["1h", 3_600_000],
  ["576h", 2_073_600_000],
])("the duration %s is %d milliseconds", (text, milliseconds) => {
  expect(duration(text)).toBe(milliseconds);
});

test.each(["", "10", "0s", "1.5h", "-1s", "1 s", "1d", "s", "1S", "577h", "1s2", "9999999999h"])(
  "%j is not a duration, and the message shows valid ones",
  (text) => {
    expect(() => duration(text)).toThrow(InvalidArgumentError);
    expect(() => duration(text)).toThrow(/such as 500ms, 90s, 10m or 1h/);
  },
);

test("the error for a duration names 0 for never where that is allowed", () => {
  expect([durationOrNever("0"), durationOrNever("0s"), durationOrNever("2s")]).toEqual([
    0, 0, 2000,
  ]);
  expect(() => durationOrNever("x")).toThrow(/^expected 0 for never, or a duration up to 576h/);
});

test("uses the name of a file unchanged, and rejects an empty one", () => {
  expect(fileName(" report.json")).toBe(" report.json");
  expect(() => fileName("")).toThrow(/^expected the name of a file/);
});
