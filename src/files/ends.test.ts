import { expect, test } from "vitest";
import { Ends, PART_BYTES, WINDOW_BYTES } from "./ends.js";

function endsOf(...chunks: Buffer[]): Ends {
  const ends = new Ends();
  for (const chunk of chunks) ends.add(chunk);
  return ends;
}

test("keeps a short text whole, also with cuts inside a character", () => {
  const text = "a ✔ b\n".repeat(1000);
  const bytes = Buffer.from(text);
  const cut = [bytes.subarray(0, 3), bytes.subarray(3, 4000), bytes.subarray(4000)];
  expect(endsOf(...cut).text()).toBe(text);
  expect(endsOf().text()).toBe("");
});

test("keeps both ends of a long text, with a line break between", () => {
  const head = Buffer.alloc(WINDOW_BYTES, "h");
  const middle = Buffer.alloc(3 * WINDOW_BYTES, "m");
  const tail = Buffer.alloc(WINDOW_BYTES, "t");
  const ends = endsOf(head, middle, tail);
  expect(ends.text()).toBe(`${head}\n${tail}`);
  expect(ends.bytes).toBe(5 * WINDOW_BYTES);
});

test("keeps two windows whole; one more byte omits one", () => {
  const whole = Buffer.concat([Buffer.alloc(WINDOW_BYTES, "h"), Buffer.alloc(WINDOW_BYTES, "t")]);
  expect(endsOf(whole).text()).toBe(whole.toString());
  const more = endsOf(whole, Buffer.from("!")).text();
  expect(more).toHaveLength(2 * WINDOW_BYTES + 1);
  expect(more.endsWith("t!")).toBe(true);
});

/** Returns numbers from 0 to 1 that look random and are the same in each run. */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test.each([1, 2, 3, 4])(
  "keeps both ends of parts of any size, and recent parts stay valid (%i)",
  (seed) => {
    const next = numbersOf(seed);
    const ends = new Ends();
    const all: Buffer[] = [];
    const last: { part: Uint8Array; expected: Buffer }[] = [];
    for (let count = 0; count < 60; count += 1) {
      const length = next() < 0.3 ? PART_BYTES : Math.floor(next() ** 2 * PART_BYTES);
      const expected = Buffer.alloc(length, `${count} `);
      const room = ends.room();
      room.set(expected);
      last.push({ part: ends.take(length), expected });
      all.push(expected);
      // Four parts may wait for a reader while the next part is written. All four must stay valid.
      if (last.length > 4) last.shift();
      ends.room().fill(0);
      for (const one of last) expect(Buffer.compare(one.part, one.expected)).toBe(0);
    }
    const whole = Buffer.concat(all).toString("latin1");
    const kept = `${whole.slice(0, WINDOW_BYTES)}\n${whole.slice(-WINDOW_BYTES)}`;
    expect(whole.length).toBeGreaterThan(2 * WINDOW_BYTES);
    expect(ends.text()).toBe(kept);
  },
);
