import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WINDOW_BYTES } from "../files/ends.js";
import { endsOfStream } from "./input.js";

const CUT = Math.floor(WINDOW_BYTES / 4);

/** Creates a stream of bytes in pieces of one size. */
function streamOf(bytes: Buffer, pieceBytes: number): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    pieces.push(bytes.subarray(at, at + pieceBytes));
  return Readable.from(pieces);
}

test("keeps a short text whole, however it arrives", async () => {
  const text = "a line with an ü and a 🚢\n".repeat(200);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9000 }), async (pieceBytes) => {
      expect(await endsOfStream(streamOf(Buffer.from(text), pieceBytes))).toBe(text);
    }),
    { numRuns: 30 },
  );
});

test("keeps a text of exactly both windows whole, and both ends of a longer one", async () => {
  const whole = Buffer.alloc(2 * WINDOW_BYTES, "x");
  expect(await endsOfStream(streamOf(whole, 65_536))).toHaveLength(2 * WINDOW_BYTES);
  const more = Buffer.concat([whole, Buffer.from("y")]);
  const kept = await endsOfStream(streamOf(more, 65_536));
  expect(kept).toHaveLength(2 * WINDOW_BYTES + 1);
  expect(kept.endsWith("xy")).toBe(true);
});

test.each(["x", "ü", "中", "🚢"])(
  "of a long text of %s, the ends are the part that the classifier reads",
  async (character) => {
    const text = `BEGIN ${character.repeat(500_000)} END`;
    const kept = await endsOfStream(streamOf(Buffer.from(text), 50_001));
    expect(kept.slice(0, CUT)).toBe(text.slice(0, CUT));
    expect(kept.slice(-CUT)).toBe(text.slice(-CUT));
  },
);
