/** Keeps both ends of something long in bounded memory: as much as a classifier looks at. */

import type { Decode } from "./decode-text.js";

/**
 * How much is kept of each end. The classifier looks at the first and the last 64 KiB characters,
 * and no character is longer than four bytes.
 */
export const WINDOW_BYTES = 4 * 64 * 1024;

/** The most that is taken in at once: as much as a pipe holds, so that one read empties it. */
export const PART_BYTES = 64 * 1024;

/** Room for the last bytes and for the part that is read next, wherever the circle ends. */
const CIRCLE_BYTES = WINDOW_BYTES + 2 * PART_BYTES;

const NOTHING = Buffer.alloc(0);

/** The first and the last bytes of what it is given. Whoever reads may read right into it, so that nothing is copied. */
export class Ends {
  #head: Buffer = NOTHING;
  /** Holds the last bytes in a circle: from `#at` on the oldest, before it the newest. */
  #circle: Buffer = NOTHING;
  #at = 0;
  /** Where the oldest bytes end: their part did not fit behind that. */
  #oldEnd = 0;
  #bytes = 0;

  /** How much there was in all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns where the next part is to be read to, in {@link PART_BYTES} at most; `take` follows. */
  room(): Uint8Array {
    if (this.#circle === NOTHING) this.#circle = Buffer.allocUnsafeSlow(CIRCLE_BYTES);
    if (this.#at + PART_BYTES > CIRCLE_BYTES) {
      this.#oldEnd = this.#at;
      this.#at = 0;
    }
    return this.#circle.subarray(this.#at, this.#at + PART_BYTES);
  }

  /**
   * Takes what was read into the room.
   *
   * @returns The part. It stays as it is until three more have been taken and a fourth is read.
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

  /** Takes a chunk that was read elsewhere; it is copied. */
  add(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += PART_BYTES) {
      const part = chunk.subarray(from, from + PART_BYTES);
      this.room().set(part);
      this.take(part.length);
    }
  }

  /**
   * Gives what is kept, as text; a line of its own stands for what was left out.
   *
   * @param decoderFor Chooses how it is decoded, by its first bytes. Default: as UTF-8.
   */
  text(decoderFor: (head: Uint8Array) => Decode = () => asUtf8): string {
    const head = this.#head.subarray(0, this.#bytes);
    const tail = this.#tail(Math.min(WINDOW_BYTES, this.#bytes - head.length));
    const decode = decoderFor(head);
    // So much was kept whole: nothing lies between.
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

/** Two ends with something left out between them. */
export function joinEnds(head: string, tail: string): string {
  return `${head}\n${tail}`;
}

function asUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
