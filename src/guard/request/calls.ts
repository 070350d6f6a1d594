/** Ends requests by a timeout or a signal, for all requests in flight of one session. */

import { systemClock } from "../../breaker/clock.js";
import { onAbort } from "../../policies/abort.js";
import { setDeadline } from "../../policies/deadline.js";
import { TimeoutError } from "../../policies/timeout.js";

/** A request in flight, from the moment it asks for admission, that can be ended early. */
export interface BoundedCall {
  /**
   * Aborted by the timeout with a `TimeoutError`, or by a signal. Undefined if nothing can end the request:
   * then no signal is created, because it costs more than the rest of a guarded call.
   */
  readonly signal: AbortSignal | undefined;
  /** Ends the request, if it has a signal. */
  abort(reason: unknown): void;
  /** Removes the timer and listeners. Call it once, when the request has ended in any way. */
  end(): void;
}

/** The limits of one request. */
export interface CallLimits {
  /** The timeout in milliseconds; undefined for none. */
  readonly timeoutMs?: number | undefined;
  /** Whether the request may wait for admission, so that it must be possible to end it. */
  readonly waits?: boolean;
  /** A signal that ends this request, besides the guard's own signal. */
  readonly signal?: AbortSignal | undefined;
}

const ENDLESS: BoundedCall = { signal: undefined, abort: () => {}, end: () => {} };

/**
 * Uses one listener on the guard's signal for all requests in flight. With one per request, Node would warn
 * of a leak.
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
      // No new controller: for a query of the proxy it would cost as much as reading the query.
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

/** Ends a request after its timeout. The deadline is stored with the signal, for code that waits. */
function endLater(controller: AbortController, timeoutMs: number): NodeJS.Timeout {
  setDeadline(controller.signal, systemClock.now() + timeoutMs);
  return setTimeout(() => controller.abort(new TimeoutError(timeoutMs)), timeoutMs);
}
