/**
 * Spans of a function's own requests: an engine usually exports them after the call of the
 * function.
 */

import type { OwnSpan } from "../../../traces/otlp/encode.js";

/** The delay after the call: longer than a CLI collects spans if their bodies are read at once. */
const AFTER_CALL_MS = 150;
/** The longest delay while the function still runs. */
const LONGEST_MS = 1_000;

/** The spans of one call. */
export class LateSpans {
  readonly #take: (span: OwnSpan) => void;
  readonly #done: () => void;
  #held: OwnSpan[] = [];
  #isOver = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param done Called when the function has ended and everything is exported. */
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

  /** Records the end of the function. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), AFTER_CALL_MS).unref();
  }

  /** Exports everything now and accepts nothing more, because the session has ended. */
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
