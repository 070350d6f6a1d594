/**
 * Delays the spans of a function's own requests. An engine usually exports them after the call of the
 * function.
 */

import type { OwnSpan } from "../../../traces/otlp/encode.js";

/**
 * How long after the call the spans are exported. It is longer than the 100 ms for which a CLI collects
 * spans whose reader waits for them.
 */
const AFTER_CALL_MS = 150;
/** The longest delay while the function still runs. */
const LONGEST_MS = 1_000;

/** The delayed spans of one call of a function. */
export class LateSpans {
  readonly #take: (span: OwnSpan) => void;
  readonly #done: () => void;
  #held: OwnSpan[] = [];
  #isOver = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param done Called when the function has ended and all its spans are exported. */
  constructor(take: (span: OwnSpan) => void, done: () => void) {
    this.#take = take;
    this.#done = done;
  }

  add(span: OwnSpan): void {
    this.#held.push(span);
    if (this.#isClosed) {
      this.#flush();
      return;
    }
    const inMs = this.#isOver ? AFTER_CALL_MS : LONGEST_MS;
    this.#timer ??= setTimeout(() => this.#flush(), inMs).unref();
  }

  /** Records that the function has ended. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), AFTER_CALL_MS).unref();
  }

  /** Exports all spans now, and any later one at once, because the session has ended. */
  close(): void {
    this.#isClosed = true;
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const span of this.#held.splice(0)) this.#take(span);
    if (this.#isOver) this.#done();
  }
}
