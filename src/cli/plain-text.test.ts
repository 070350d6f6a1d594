import fc from "fast-check";
import { expect, test } from "vitest";
import { cutTo, plainJson, plainText, widthOf, wrapped } from "./plain-text.js";

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\u001b", "[2J", "\u009b", "\u202e", "\r", "\n", "\u2028", "\ud800", "é", "漢"),
    fc.string({ unit: "binary", maxLength: 1 }),
  ),
});

test("removes all commands to a terminal", () => {
  expect(plainText("\u001b[2Jall well\u0007")).toBe("\ufffd[2Jall well\ufffd");
  expect(plainText("\u009b31mred")).toBe("\ufffd31mred");
  expect(plainText("abc\u202edcba")).toBe("abc\ufffddcba");
  fc.assert(
    fc.property(hostile, (text) => {
      expect(plainText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("puts a text on one line", () => {
  expect(plainText("one\r\ntwo\tthree\u2028four")).toBe("one two three four");
});

test("keeps harmless text", () => {
  const text = "Wartung bis 8 Uhr (siehe #12): 漢字 — é 🚢";
  expect(plainText(text)).toBe(text);
});

test("JSON is harmless too, and keeps its meaning", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const json = plainJson({ text });
      expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(JSON.parse(json)).toEqual({ text });
    }),
  );
});

test.each([
  ["abc", 3],
  ["漢字", 4],
  ["ｱｲ", 2],
  ["アイ", 4],
  ["e\u0301", 1],
  ["🚢", 2],
  ["\u001b[31mred\u001b[39m", 3],
  ["…—é", 3],
])("%j is %i columns wide", (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test("a cut text fits, and ends in an ellipsis", () => {
  expect(cutTo(5, "abcde")).toBe("abcde");
  expect(cutTo(5, "abcdef")).toBe("abcd…");
  expect(cutTo(5, "漢字漢字")).toBe("漢字…");
  expect(cutTo(4, "漢字漢字")).toBe("漢…");
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 1, max: 20 }),
      (text, columns) => {
        expect(widthOf(cutTo(columns, text))).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test("lines are cut between words, and a longer word has a line of its own", () => {
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrapped("a much-longer-word b", 6)).toEqual(["a", "much-longer-word", "b"]);
  expect(wrapped("one two three", 7, "  ")).toEqual(["one two", "  three"]);
});
