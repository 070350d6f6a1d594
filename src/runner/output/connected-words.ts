/** Finds in the output of a command that its CLI has a session to an engine. */

/** What the CLI says once it has one, in plain progress and in the one of terminals. */
const CONNECTED = /(?:connect|starting session)(?: DONE| ✔)|✔ connect|connected name=/;
/** As long as the longest of these, in bytes. */
const LONGEST = 32;
/** How much is looked at as it comes. A CLI connects before it does anything else. */
const WATCHED_BYTES = 1024 * 1024;

/** Whether a text, such as both ends of an output, contains the words. */
export function saysConnected(text: string): boolean {
  return CONNECTED.test(text);
}

/** Looks for the words as the output comes, also where it is cut within them. */
export class ConnectedWords {
  readonly #onFound: () => void;
  #before: Buffer = Buffer.alloc(0);
  #isOver = false;
  #bytes = 0;

  /** @param onFound Called once. */
  constructor(onFound: () => void) {
    this.#onFound = onFound;
  }

  /** Looks at a chunk, whose memory may be used again afterwards. */
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
