/** The requests in flight of one session, and the causes that can end them early. */

import { systemClock } from "../../breaker/clock.js";
import { onAbort } from "../../policies/abort.js";
import { setDeadline } from "../../policies/deadline.js";
import { TimeoutError } from "../../policies/timeout.js";

/** One request in flight, from the moment it asks for admission. */
export interface BoundedCall {
  /**
   * Aborted with a `TimeoutError` after the timeout, or by a given signal. Undefined if nothing can
   * end the request, because a signal costs more than the rest of a guarded call.
   */
  readonly signal: AbortSignal | undefined;
  /** Ends the request, if possible. */
  abort(reason: unknown): void;
  /** Ends the bookkeeping; call it once when the request has ended in any way. */
  end(): void;
}

/** How a request may be ended. */
export interface CallLimits {
  /** Milliseconds; undefined for no limit. */
  readonly timeoutMs?: number | undefined;
  /** Whether it may wait for admission, so that it must be possible to end it. */
  readonly waits?: boolean;
  /** Ends the request, besides the guard's signal. */
  readonly signal?: AbortSignal | undefined;
}

const ENDLESS: BoundedCall = { signal: undefined, abort: () => {}, end: () => {} };

/**
 * Keeps one listener on the guard's signal for all requests in flight: a listener for each would
 * make Node warn of a leak.
 */
export class BoundedCalls {
  readonly #signal: AbortSignal | undefined;
  readonly #running = new Set<AbortController>();
  readonly #abortAll = (): void => {
    for (const controller of this.#running) controller.abort(this.#signal?.reason);
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Begins a request. */
  begin({ timeoutMs, waits = false, signal: own }: CallLimits): BoundedCall {
    if (timeoutMs === undefined && this.#signal === undefined && !waits) {
      // A controller for each would cost a query of the proxy as much as reading it.
      return own === undefined ? ENDLESS : { ...ENDLESS, signal: own };
    }
    const controller = new AbortController();
    const { signal } = controller;
    if (this.#running.size === 0) this.#signal?.addEventListener("abort", this.#abortAll);
    this.#running.add(controller);
    if (this.#signal?.aborted) controller.abort(this.#signal.reason);
    const forgetOwn = onAbort(own, () => controller.abort(own?.reason));
    const timer = timeoutMs === undefined ? undefined : endLater(controller, timeoutMs);
    return {
      signal,
      abort: (reason) => controller.abort(reason),
      end: () => {
        clearTimeout(timer);
        forgetOwn();
        this.#running.delete(controller);
        if (this.#running.size === 0) this.#signal?.removeEventListener("abort", this.#abortAll);
      },
    };
  }
}

/** Ends a request after its timeout; waiting code can know the time in advance. */
function endLater(controller: AbortController, timeoutMs: number): NodeJS.Timeout {
  setDeadline(controller.signal, systemClock.now() + timeoutMs);
  return setTimeout(() => controller.abort(new TimeoutError(timeoutMs)), timeoutMs);
}
