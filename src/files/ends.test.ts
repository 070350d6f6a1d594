import { expect, test } from "vitest";
import { Ends, WINDOW_BYTES } from "./ends.js";

function endsOf(...chunks: Buffer[]): Ends {
  const ends = new Ends();
  for (const chunk of chunks) ends.add(chunk);
  return ends;
}

test("what is short is kept whole, however it was cut, within a character too", () => {
  const text = "a ✔ b\n".repeat(1000);
  const bytes = Buffer.from(text);
  const cut = [bytes.subarray(0, 3), bytes.subarray(3, 4000), bytes.subarray(4000)];
  expect(endsOf(...cut).text()).toBe(text);
  expect(endsOf().text()).toBe("");
});

test("of what is long both ends are kept, with a line break between", () => {
  const head = Buffer.alloc(WINDOW_BYTES, "h");
  const middle = Buffer.alloc(3 * WINDOW_BYTES, "m");
  const tail = Buffer.alloc(WINDOW_BYTES, "t");
  const ends = endsOf(head, middle, tail);
  expect(ends.text()).toBe(`${head}\n${tail}`);
  expect(ends.bytes).toBe(5 * WINDOW_BYTES);
});

test("two windows are kept whole, and one byte more leaves one out", () => {
  const whole = Buffer.concat([Buffer.alloc(WINDOW_BYTES, "h"), Buffer.alloc(WINDOW_BYTES, "t")]);
  expect(endsOf(whole).text()).toBe(whole.toString());
  const more = endsOf(whole, Buffer.from("!")).text();
  expect(more).toHaveLength(2 * WINDOW_BYTES + 1);
  expect(more.endsWith("t!")).toBe(true);
});
