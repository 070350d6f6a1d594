/** Keeps the end of a program's output, which explains why the program failed to start. */

/** The most bytes that are kept. The classifier reads at most this many bytes. */
const MAX_BYTES = 64 * 1024;

/** The last bytes of a stream. */
export class LastWords {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #forgets = false;

  add(chunk: Buffer): void {
    if (this.#forgets) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= MAX_BYTES) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
    }
  }

  /** Drops all bytes, and ignores later bytes. */
  forget(): void {
    this.#forgets = true;
    this.#chunks = [];
  }

  get text(): string {
    return Buffer.concat(this.#chunks).subarray(-MAX_BYTES).toString("utf8");
  }
}
