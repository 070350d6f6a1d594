/** Spans of what a function asks: an engine tells them later than the call of the function, as a rule. */

import type { OwnSpan } from "../../../traces/otlp/encode.js";

/** How much later than the call: more than a CLI gathers spans whose bodies are read at once. */
const AFTER_CALL_MS = 150;
/** How long they are held while the function goes on. */
const LONGEST_MS = 1_000;

/** The spans of one call. */
export class LateSpans {
  readonly #take: (span: OwnSpan) => void;
  readonly #done: () => void;
  #held: OwnSpan[] = [];
  #isOver = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param done Called when the function has ended and all is handed on. */
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

  /** The function has ended. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), AFTER_CALL_MS).unref();
  }

  /** The session has ended: hands on what is held, and holds nothing more. */
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
