import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { answerIn, LONG_ANSWER, MAX_HELD_BYTES, requestIn } from "./query-body.js";

const held = (body: string | Buffer, isWhole = true) => {
  const bytes = Buffer.from(body);
  const middle = Math.floor(bytes.length / 2);
  const chunks = [bytes.subarray(0, middle), bytes.subarray(middle)];
  const cutShort = isWhole ? undefined : ("too-large" as const);
  return { chunks, cutShort, release: () => undefined };
};

test("reads a whole request, also with a character cut in two", () => {
  const request = { query: "{ é }", variables: { a: "é".repeat(9) }, extensions: { b: 1 } };
  expect(requestIn(held(JSON.stringify(request)), undefined)).toEqual(request);
});

test.each(["", "{", "null", "1", '"query"', "\0"])("an invalid request is unknown: %j", (body) => {
  expect(requestIn(held(body), undefined)).toEqual({ query: "" });
});

test("a compressed or too long request is unknown", () => {
  const body = '{"query":"{ version }"}';
  expect(requestIn(held(body), "gzip")).toEqual({ query: "" });
  expect(requestIn(held(body, false), undefined)).toEqual({ query: "" });
});

test.each([
  [undefined, Buffer.from],
  ["identity", Buffer.from],
  ["gzip", gzipSync],
  ["X-Gzip", gzipSync],
  [" deflate ", deflateSync],
  ["br", brotliCompressSync],
] as const)("decompresses an answer in the encoding %j", async (encoding, pack) => {
  const answer = '{"errors":[{"message":"é"}]}';
  expect(await answerIn(held(pack(answer) as Buffer), encoding)).toBe(answer);
});

test("an answer that is too long, compressed or not, counts as a success", async () => {
  expect(await answerIn(held("{", false), undefined)).toBe(LONG_ANSWER);
  const bomb = gzipSync(Buffer.alloc(MAX_HELD_BYTES + 1, "a"));
  expect(await answerIn(held(bomb), "gzip")).toBe(LONG_ANSWER);
});

test("takes a body as it is if its stated compression is wrong", async () => {
  expect(await answerIn(held("plain"), "gzip")).toBe("plain");
});
