/** Keeps the beginning and the end of long data in bounded memory, for the classifier. */

import type { Decode } from "./decode-text.js";

/**
 * The most bytes kept at each end. The classifier reads 64 Ki characters of each end, and a character has
 * up to four bytes.
 */
export const WINDOW_BYTES = 4 * 64 * 1024;

/** The most bytes read at once. A pipe holds the same number of bytes, so one read empties the pipe. */
export const PART_BYTES = 64 * 1024;

/**
 * The size of the ring buffer. Besides the kept end, it has space for the next part, and for bytes that
 * stay unused when the ring wraps.
 */
const CIRCLE_BYTES = WINDOW_BYTES + 2 * PART_BYTES;

const NOTHING = Buffer.alloc(0);

/**
 * The first and the last bytes of long data. A reader can write into the buffer directly, without a copy.
 */
export class Ends {
  #head: Buffer = NOTHING;
  /**
   * A ring buffer with the last bytes. The newest byte is just before `#at`, and the oldest byte is at
   * `#at`.
   */
  #circle: Buffer = NOTHING;
  #at = 0;
  /** The end of the oldest bytes. After this position, the next part did not fit, so the ring wrapped. */
  #oldEnd = 0;
  #bytes = 0;

  /** The number of bytes taken so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns memory for the next part, {@link PART_BYTES} long. Write the part to it, then call `take`. */
  room(): Uint8Array {
    if (this.#circle === NOTHING) this.#circle = Buffer.allocUnsafeSlow(CIRCLE_BYTES);
    if (this.#at + PART_BYTES > CIRCLE_BYTES) {
      this.#oldEnd = this.#at;
      this.#at = 0;
    }
    return this.#circle.subarray(this.#at, this.#at + PART_BYTES);
  }

  /**
   * Adds the first `length` bytes of the memory that `room` returned.
   *
   * @returns The added bytes. They stay valid until four more parts have been written.
   */
  take(length: number): Uint8Array {
    const part = this.#circle.subarray(this.#at, this.#at + length);
    const before = this.#bytes;
    this.#at += length;
    this.#bytes += length;
    if (before < WINDOW_BYTES) {
      if (this.#head === NOTHING) this.#head = Buffer.allocUnsafeSlow(WINDOW_BYTES);
      this.#head.set(part.subarray(0, WINDOW_BYTES - before), before);
    }
    return part;
  }

  /**
   * Adds a copy of a chunk of any length. Use it if the bytes were not read into the memory from `room`.
   */
  add(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += PART_BYTES) {
      const part = chunk.subarray(from, from + PART_BYTES);
      this.room().set(part);
      this.take(part.length);
    }
  }

  /**
   * Returns the kept bytes as text. If bytes were dropped, a line break separates the two ends.
   *
   * @param decoderFor Selects the decoder by the first bytes. Default: UTF-8.
   */
  text(decoderFor: (head: Uint8Array) => Decode = () => asUtf8): string {
    const head = this.#head.subarray(0, this.#bytes);
    const tail = this.#tail(Math.min(WINDOW_BYTES, this.#bytes - head.length));
    const decode = decoderFor(head);
    // Up to this size all bytes are kept.
    return this.#bytes <= 2 * WINDOW_BYTES
      ? decode(Buffer.concat([head, tail]), 0)
      : joinEnds(decode(head, 0), decode(tail, this.#bytes - tail.length));
  }

  #tail(length: number): Buffer {
    const newer = this.#circle.subarray(Math.max(0, this.#at - length), this.#at);
    const older = this.#circle.subarray(this.#oldEnd - (length - newer.length), this.#oldEnd);
    return Buffer.concat([older, newer]);
  }
}

/** Joins both ends with a line break, so that a cut line of one end never joins a line of the other. */
export function joinEnds(head: string, tail: string): string {
  return `${head}\n${tail}`;
}

function asUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
