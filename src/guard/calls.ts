/** The requests on their way in one session, and the two things that can end them early. */

import { TimeoutError } from "../policies/timeout.js";

/** One request on its way. */
export interface Call {
  /**
   * Aborted when the time is over, with a `TimeoutError`, or when the guard's signal is; undefined
   * when nothing can end the request, since a signal costs more than all the rest of a guarded call.
   */
  readonly signal: AbortSignal | undefined;
  /** To be called once when the request has ended, however it did. */
  end(): void;
}

const ENDLESS: Call = { signal: undefined, end: () => {} };

/**
 * Keeps one listener on the guard's signal, however many requests are on their way: a listener for
 * each would make Node warn of a leak.
 */
export class Calls {
  readonly #signal: AbortSignal | undefined;
  readonly #running = new Set<AbortController>();
  readonly #abortAll = (): void => {
    for (const controller of this.#running) controller.abort(this.#signal?.reason);
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Begins a request that may take `timeoutMs`, or as long as it likes. */
  begin(timeoutMs: number | undefined): Call {
    if (timeoutMs === undefined && this.#signal === undefined) return ENDLESS;
    const controller = new AbortController();
    if (this.#running.size === 0) this.#signal?.addEventListener("abort", this.#abortAll);
    this.#running.add(controller);
    if (this.#signal?.aborted) controller.abort(this.#signal.reason);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => controller.abort(new TimeoutError(timeoutMs)), timeoutMs);
    return {
      signal: controller.signal,
      end: () => {
        clearTimeout(timer);
        this.#running.delete(controller);
        if (this.#running.size === 0) this.#signal?.removeEventListener("abort", this.#abortAll);
      },
    };
  }
}
