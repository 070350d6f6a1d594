/**
 * Draws comments and messages of src for a reader: `node scripts/draw-words.mjs [--seed 1] [--comments 70] [--messages 30]`.
 *
 * The same seed draws the same pieces as long as their texts do not change. A reader marks each piece that
 * needs a second read; at most 5 of 100 may.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { piecesBelow } from "./words/check.mjs";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    comments: { type: "string", default: "70" },
    messages: { type: "string", default: "30" },
  },
});
const pieces = piecesBelow("src").filter(({ path }) => !path.endsWith(".test.ts"));
const drawn = [...draw("comment", values.comments), ...draw("message", values.messages)];
for (const [index, { path, line, kind, text }] of drawn.entries()) {
  console.log(`${index + 1}. ${path}:${line} (${kind})\n${text.trim()}\n`);
}

/** Draws `count` pieces of one kind. A hash orders them, so that a change moves no other piece. */
function draw(kind, count) {
  return pieces
    .filter((piece) => piece.kind === kind && /[a-z]{2,}[^a-z]+[a-z]{2,}/i.test(piece.text))
    .map((piece) => ({ piece, order: hash(`${values.seed} ${piece.path} ${piece.text}`) }))
    .sort((one, other) => (one.order < other.order ? -1 : 1))
    .slice(0, Number(count))
    .map(({ piece }) => piece);
}

function hash(text) {
  return createHash("sha256").update(text).digest("hex");
}
