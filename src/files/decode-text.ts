/**
 * Decodes text as UTF-8 or as UTF-16, which Windows programs write. The first bytes determine the encoding.
 */

/** The number of bytes to inspect if there is no byte order mark. */
const SAMPLE_BYTES = 1024;
/**
 * The lowest share of zero bytes, among the even or the odd bytes, that identifies UTF-16. In UTF-16,
 * nearly every second byte of a log is zero. UTF-8 text contains no zero bytes.
 */
const MIN_ZERO_SHARE = 0.4;

/** A function that decodes one part of a text. The part begins at byte `offset` of the text. */
export type Decode = (bytes: Uint8Array, offset: number) => string;

/** Returns the decoder for a text that begins with these bytes. */
export function decoderOf(head: Uint8Array): Decode {
  const encoding = encodingOf(head);
  const decoder = new TextDecoder(encoding);
  if (encoding === "utf-8") return (bytes) => decoder.decode(bytes);
  // UTF-16 has two bytes for each code unit. If a part begins inside a code unit, the first byte is
  // dropped.
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
