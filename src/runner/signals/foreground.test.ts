import { expect, test } from "vitest";
import { readsForeground } from "./foreground.js";

test("the foreground group of the terminal gets typed signals", () => {
  expect(readsForeground("77 (node) S 70 77 70 34816 77 4194304 0")).toBe(true);
});

test("a group in the background gets none", () => {
  expect(readsForeground("77 (node) S 70 77 70 34816 90 4194304 0")).toBe(false);
});

test("without a terminal there are no typed signals", () => {
  expect(readsForeground("77 (node) S 70 77 70 0 -1 4194304 0")).toBe(false);
});

test("the name of a program may look like the fields after it", () => {
  expect(readsForeground("77 (a) S 1 1 1 0 (b) S 70 77 70 34816 77 4194304")).toBe(true);
});
