/** Keeps the end of what a program says, of which a failure to start is told. */

/** As much as a classifier looks at. */
const MAX_BYTES = 64 * 1024;

/** The last bytes of a stream, in bounded memory. */
export class LastWords {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #forgets = false;

  /** Adds what was said. */
  add(chunk: Buffer): void {
    if (this.#forgets) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= MAX_BYTES) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
    }
  }

  /** Keeps nothing any more. */
  forget(): void {
    this.#forgets = true;
    this.#chunks = [];
  }

  /** What is kept, as text. */
  get text(): string {
    return Buffer.concat(this.#chunks).subarray(-MAX_BYTES).toString("utf8");
  }
}
