/** Finds in the output of a command that its CLI has a session to an engine. */

/** What the CLI says once it has one, in plain progress and in the one of terminals. */
const CONNECTED = /(?:connect|starting session)(?: DONE| ✔)|✔ connect|connected name=/;
/** As long as the longest of these, in bytes. */
const LONGEST = 32;

/** Looks for the words as the output comes, also where it is cut within them. */
export class ConnectedWords {
  readonly #onFound: () => void;
  #before: Buffer = Buffer.alloc(0);
  #found = false;

  /** @param onFound Called once. */
  constructor(onFound: () => void) {
    this.#onFound = onFound;
  }

  add(chunk: Buffer): void {
    if (this.#found) return;
    const text = Buffer.concat([this.#before, chunk]);
    this.#found = CONNECTED.test(text.toString("utf8"));
    if (this.#found) this.#onFound();
    else this.#before = text.subarray(-LONGEST);
  }
}
