import { expect, test } from "vitest";
import { randomToken } from "./random-token.js";

test("each token has 128 bits in hex, and is unique", () => {
  const tokens = Array.from({ length: 1000 }, randomToken);
  for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(tokens).size).toBe(tokens.length);
});
