/** Keeps both ends of something long in bounded memory: as much as a classifier looks at. */

/**
 * How much is kept of each end. The classifier looks at the first and the last 64 KiB characters,
 * and no character is longer than four bytes.
 */
export const WINDOW_BYTES = 4 * 64 * 1024;

import type { Decode } from "./decode-text.js";

const NOTHING = Buffer.alloc(0);

/** The first and the last bytes of what it is given. They are copied: a chunk's memory may be used again. */
export class Ends {
  #head: Buffer = NOTHING;
  /** Holds the last bytes in a circle: behind `#tailAt` the oldest, before it the newest. */
  #tail: Buffer = NOTHING;
  #tailAt = 0;
  #bytes = 0;

  /** How much there was in all. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    const before = this.#bytes;
    this.#bytes += chunk.length;
    if (before >= WINDOW_BYTES) {
      this.#addToTail(chunk);
      return;
    }
    if (this.#head === NOTHING) this.#head = Buffer.allocUnsafe(WINDOW_BYTES);
    this.#head.set(chunk.subarray(0, WINDOW_BYTES - before), before);
    if (this.#bytes > WINDOW_BYTES) this.#addToTail(chunk.subarray(WINDOW_BYTES - before));
  }

  /**
   * Gives what is kept, as text; a line of its own stands for what was left out.
   *
   * @param decoderFor Chooses how it is decoded, by its first bytes. Default: as UTF-8.
   */
  text(decoderFor: (head: Uint8Array) => Decode = () => asUtf8): string {
    const head = this.#head.subarray(0, this.#bytes);
    const past = this.#bytes - head.length;
    const tail =
      past < WINDOW_BYTES
        ? this.#tail.subarray(0, past)
        : Buffer.concat([this.#tail.subarray(this.#tailAt), this.#tail.subarray(0, this.#tailAt)]);
    // So much was kept whole: nothing lies between.
    const decode = decoderFor(head);
    return this.#bytes <= 2 * WINDOW_BYTES
      ? decode(Buffer.concat([head, tail]), 0)
      : joinEnds(decode(head, 0), decode(tail, this.#bytes - tail.length));
  }

  #addToTail(chunk: Uint8Array): void {
    if (this.#tail === NOTHING) this.#tail = Buffer.allocUnsafe(WINDOW_BYTES);
    const last = chunk.subarray(-WINDOW_BYTES);
    const first = last.subarray(0, WINDOW_BYTES - this.#tailAt);
    this.#tail.set(first, this.#tailAt);
    this.#tail.set(last.subarray(first.length), 0);
    this.#tailAt = (this.#tailAt + last.length) % WINDOW_BYTES;
  }
}

/** Two ends with something left out between them. */
export function joinEnds(head: string, tail: string): string {
  return `${head}\n${tail}`;
}

function asUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
