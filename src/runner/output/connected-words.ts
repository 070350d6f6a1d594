/** Finds the message that a CLI has a session to an engine. */

/** Output of the dagger CLI once it has a session, in plain progress and on terminals. */
const CONNECTED = /(?:connect|starting session)(?: DONE| ✔)|✔ connect|connected name=/;
/** The length of the longest message in bytes. */
const LONGEST = 32;
/** How much output is searched. A CLI connects before anything else. */
const WATCHED_BYTES = 1024 * 1024;

/** Returns whether a text contains a message. */
export function saysConnected(text: string): boolean {
  return CONNECTED.test(text);
}

/** Searches the output as it comes, also across chunk boundaries. */
export class ConnectedWords {
  readonly #onFound: () => void;
  #before: Buffer = Buffer.alloc(0);
  #isOver = false;
  #bytes = 0;

  /** @param onFound Called once. */
  constructor(onFound: () => void) {
    this.#onFound = onFound;
  }

  /** Searches a chunk, whose memory may be reused afterwards. */
  add(chunk: Uint8Array): void {
    if (this.#isOver) return;
    const text = Buffer.concat([this.#before, chunk]);
    this.#bytes += chunk.length;
    const isFound = saysConnected(text.toString("utf8"));
    this.#isOver = isFound || this.#bytes >= WATCHED_BYTES;
    if (isFound) this.#onFound();
    else this.#before = text.subarray(-LONGEST);
  }
}
