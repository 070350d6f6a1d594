/** Decodes text by an encoding found from its first bytes: UTF-8, or UTF-16 as Windows writes it. */

/** The number of bytes to inspect if there is no byte order mark. */
const SAMPLE_BYTES = 1024;
/**
 * The share of zero bytes from which on a text counts as UTF-16. There, nearly every second byte of a log
 * is zero. UTF-8 has none.
 */
const MIN_ZERO_SHARE = 0.4;

/** Decodes a part of a text that begins at byte `offset` of the text. */
export type Decode = (bytes: Uint8Array, offset: number) => string;

/** Returns the decoder for a text with these first bytes. */
export function decoderOf(head: Uint8Array): Decode {
  const encoding = encodingOf(head);
  const decoder = new TextDecoder(encoding);
  if (encoding === "utf-8") return (bytes) => decoder.decode(bytes);
  // In UTF-16 a character has two bytes. If a part begins in the middle of one, its other half is dropped.
  return (bytes, offset) => decoder.decode(bytes.subarray(offset % 2));
}

function encodingOf(head: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  const [first, second] = head;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const sample = head.subarray(0, SAMPLE_BYTES);
  let even = 0;
  let odd = 0;
  for (const [at, byte] of sample.entries()) {
    if (byte === 0 && at % 2 === 0) even += 1;
    else if (byte === 0) odd += 1;
  }
  const isMost = (count: number) => count >= (sample.length / 2) * MIN_ZERO_SHARE && count > 1;
  if (isMost(odd) && even === 0) return "utf-16le";
  return isMost(even) && odd === 0 ? "utf-16be" : "utf-8";
}
