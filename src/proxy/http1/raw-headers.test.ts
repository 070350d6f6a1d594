import { expect, test } from "vitest";
import { hasHeader, headOf, pairsOf, withHeader, withoutHeaders } from "./raw-headers.js";

const HEADERS = ["Host", "a", "X-One", "1", "x-one", "2", "Authorization", "old", "B", ""];

test("an existing header keeps its position and the case of its name", () => {
  expect(withHeader(HEADERS, "authorization", "new")).toEqual([
    ...HEADERS.slice(0, 7),
    "new",
    "B",
    "",
  ]);
});

test("keeps one of a repeated header", () => {
  expect(withHeader(HEADERS, "x-one", "3").slice(0, 6)).toEqual([
    "Host",
    "a",
    "X-One",
    "3",
    "Authorization",
    "old",
  ]);
});

test("adds a new header at the end", () => {
  expect(withHeader(["A", "1"], "traceparent", "t")).toEqual(["A", "1", "traceparent", "t"]);
});

test("finds and removes headers in any case", () => {
  expect(withoutHeaders(HEADERS, ["x-one", "host"])).toEqual(["Authorization", "old", "B", ""]);
  expect(hasHeader(HEADERS, "host")).toBe(true);
  expect(hasHeader(HEADERS, "a")).toBe(false);
});

test("names and values make pairs, and a head of single bytes", () => {
  expect(pairsOf(["A", "1", "b", "2"])).toEqual([
    ["A", "1"],
    ["b", "2"],
  ]);
  expect(headOf("GET / HTTP/1.1", ["A", "\xe9"])).toEqual(
    Buffer.from("GET / HTTP/1.1\r\nA: \xe9\r\n\r\n", "latin1"),
  );
});
