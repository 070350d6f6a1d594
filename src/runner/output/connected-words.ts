/** Finds the message with which a dagger CLI reports that it has a session. */

/** The messages with which the dagger CLI reports a session, in plain progress and on terminals. */
const CONNECTED = /(?:connect|starting session)(?: DONE| ✔)|✔ connect|connected name=/;
/** The length of the longest message in bytes. */
const LONGEST = 32;
/**
 * The amount of output to search. It is enough, because a CLI connects before it does anything
 * else.
 */
const WATCHED_BYTES = 1024 * 1024;

/** Returns whether a text contains the message that a CLI has a session. */
export function saysConnected(text: string): boolean {
  return CONNECTED.test(text);
}

/**
 * The search for that message while output arrives. Finds the message even if it is split between
 * two chunks.
 */
export class ConnectedWords {
  readonly #onFound: () => void;
  #before: Buffer = Buffer.alloc(0);
  #isOver = false;
  #bytes = 0;

  /** @param onFound Called once, when the message is found. */
  constructor(onFound: () => void) {
    this.#onFound = onFound;
  }

  /** Searches a chunk. The chunk's memory may be reused afterwards. */
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
