/** Keeps both ends of something long in bounded memory: as much as a classifier looks at. */

/**
 * How much is kept of each end. The classifier looks at the first and the last 64 KiB characters,
 * and no character is longer than four bytes.
 */
export const WINDOW_BYTES = 4 * 64 * 1024;

/** The first and the last bytes of what it is given. */
export class Ends {
  readonly #head: Buffer[] = [];
  readonly #tail: Buffer[] = [];
  #headBytes = 0;
  #tailBytes = 0;
  #bytes = 0;

  /** How much there was in all. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Buffer): void {
    let rest = chunk;
    this.#bytes += chunk.length;
    if (this.#headBytes < WINDOW_BYTES) {
      const part = rest.subarray(0, WINDOW_BYTES - this.#headBytes);
      this.#head.push(part);
      this.#headBytes += part.length;
      rest = rest.subarray(part.length);
    }
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= WINDOW_BYTES) {
      this.#tailBytes -= this.#tail.shift()?.length ?? 0;
    }
  }

  /** What is kept, as text; a line of its own stands for what was left out. */
  text(): string {
    const end = Buffer.concat(this.#tail);
    // So much was kept whole: nothing lies between.
    return this.#bytes <= 2 * WINDOW_BYTES
      ? Buffer.concat([...this.#head, end]).toString("utf8")
      : joinEnds(Buffer.concat(this.#head), end.subarray(-WINDOW_BYTES));
  }
}

/** Two ends with something left out between them. */
export function joinEnds(head: Buffer, tail: Buffer): string {
  return `${head.toString("utf8")}\n${tail.toString("utf8")}`;
}
