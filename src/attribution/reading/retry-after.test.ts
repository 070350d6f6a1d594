import { expect, test } from "vitest";
import { readRetryAfter } from "./retry-after.js";

test.each([
  ["retry-after: 60", 60_000],
  ["Retry-After: 1.889377ms, allowed: 2000/minute", 2],
  ["requested delay 900.00s exceeds maximum timeout 10m0s", 900_000],
  ["retry after 1m30s", 90_000],
  ["please try again in 5 minutes", 300_000],
  ['"retry_after": 30', 30_000],
  ["retrying in 4s", null],
  ["back off 7.705 seconds before retry", null],
  ["", null],
])("%j states %s ms", (text, ms) => {
  expect(readRetryAfter(text)).toBe(ms);
});

test("a date is a delay from now; a past date means no delay", () => {
  const nowMs = Date.UTC(2026, 9, 21, 7, 27, 0);
  const read = (text: string) => readRetryAfter(text, nowMs);
  expect(read("429 Too Many Requests\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT")).toBe(60_000);
  expect(read('{"retry-after":"Wednesday, 21-Oct-26 07:28:30 GMT"}')).toBe(90_000);
  expect(read("retry after Wed, 21 Oct 2026 07:00:00 GMT")).toBeNull();
  expect(read("Date: Wed, 21 Oct 2026 07:28:00 GMT")).toBeNull();
});
