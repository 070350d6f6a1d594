/** Keeps both ends of long data in bounded memory: the amount that a classifier reads. */

import type { Decode } from "./decode-text.js";

/**
 * The size of each end. The classifier reads the first and the last 64 KiB characters, and a
 * character has at most four bytes.
 */
export const WINDOW_BYTES = 4 * 64 * 1024;

/** The largest part read at once: the capacity of a pipe, so that one read empties it. */
export const PART_BYTES = 64 * 1024;

/** Room for the last bytes and for the part read next, wherever the ring ends. */
const CIRCLE_BYTES = WINDOW_BYTES + 2 * PART_BYTES;

const NOTHING = Buffer.alloc(0);

/**
 * The first and the last bytes of its input. A reader can read directly into it, without a copy.
 */
export class Ends {
  #head: Buffer = NOTHING;
  /** A ring with the last bytes: the oldest start at `#at`, the newest end before it. */
  #circle: Buffer = NOTHING;
  #at = 0;
  /** The end of the oldest bytes: the part after them did not fit there. */
  #oldEnd = 0;
  #bytes = 0;

  /** The total number of bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the room for the next part, at most {@link PART_BYTES}; call `take` afterwards. */
  room(): Uint8Array {
    if (this.#circle === NOTHING) this.#circle = Buffer.allocUnsafeSlow(CIRCLE_BYTES);
    if (this.#at + PART_BYTES > CIRCLE_BYTES) {
      this.#oldEnd = this.#at;
      this.#at = 0;
    }
    return this.#circle.subarray(this.#at, this.#at + PART_BYTES);
  }

  /**
   * Takes the bytes that were read into the room.
   *
   * @returns The part. It stays valid until three more have been taken and a fourth is read.
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

  /** Copies a chunk that was read elsewhere. */
  add(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += PART_BYTES) {
      const part = chunk.subarray(from, from + PART_BYTES);
      this.room().set(part);
      this.take(part.length);
    }
  }

  /**
   * Returns the kept bytes as text; a line marks the omitted part.
   *
   * @param decoderFor Selects the decoder by the first bytes. Default: UTF-8.
   */
  text(decoderFor: (head: Uint8Array) => Decode = () => asUtf8): string {
    const head = this.#head.subarray(0, this.#bytes);
    const tail = this.#tail(Math.min(WINDOW_BYTES, this.#bytes - head.length));
    const decode = decoderFor(head);
    // Up to this size everything is kept, so nothing is between the ends.
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

/** Joins two ends with an omitted part between them. */
export function joinEnds(head: string, tail: string): string {
  return `${head}\n${tail}`;
}

function asUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
