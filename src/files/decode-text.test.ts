import { expect, test } from "vitest";
import { decoderOf } from "./decode-text.js";
import { Ends, WINDOW_BYTES } from "./ends.js";

const TEXT = 'failed to do request: Head "https://ghcr.io/v2/a": EOF – café\r\n';
const little = (text: string) => Buffer.from(text, "utf16le");
const big = (text: string) => little(text).swap16();

test.each([
  ["UTF-8", Buffer.from(TEXT)],
  ["UTF-8 with a mark", Buffer.from(`\ufeff${TEXT}`)],
  ["UTF-16 with a mark", little(`\ufeff${TEXT}`)],
  ["UTF-16 of the other order", big(`\ufeff${TEXT}`)],
  ["UTF-16 without a mark", little(TEXT)],
  ["UTF-16 of the other order without one", big(TEXT)],
])("decodes %s, without its byte order mark", (_name, bytes) => {
  expect(decoderOf(bytes)(bytes, 0)).toBe(TEXT);
});

test("a few zero bytes in a text do not make it UTF-16", () => {
  const bytes = Buffer.from("a\0b\0 and then a log as any other\n");
  expect(decoderOf(bytes)(bytes, 0)).toBe(bytes.toString());
  expect(decoderOf(Buffer.alloc(0))(Buffer.alloc(0), 0)).toBe("");
});

test("decodes both ends of a long text, wherever the last one begins", () => {
  const ends = new Ends();
  ends.add(little(`\ufeff${"x".repeat(WINDOW_BYTES)}`));
  ends.add(Buffer.concat([little("y".repeat(WINDOW_BYTES)), little(TEXT)]));
  const text = ends.text(decoderOf);
  expect(text.startsWith("xxx")).toBe(true);
  expect(text.endsWith(TEXT)).toBe(true);
});
