/** Ends the requests in flight of one session, by a timeout or by a signal. */

import { systemClock } from "../../breaker/clock.js";
import { onAbort } from "../../policies/abort.js";
import { setDeadline } from "../../policies/deadline.js";
import { TimeoutError } from "../../policies/timeout.js";

/** A request that can be ended early. It begins when it asks for admission. */
export interface BoundedCall {
  /**
   * Aborted by the timeout with a `TimeoutError`, or by a signal with its reason. Undefined if nothing can
   * end the request, because a signal costs more than the rest of a guarded call.
   */
  readonly signal: AbortSignal | undefined;
  /** Aborts the signal. Has no effect if only the request's own signal can end the request. */
  abort(reason: unknown): void;
  /** Removes the timer and the listeners. Call it once, when the request has ended for any reason. */
  end(): void;
}

/** The limits of one request. */
export interface CallLimits {
  /** The timeout in milliseconds. Undefined: no timeout. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether the request may wait for admission. A waiting request needs a signal, so that the loss of the
   * session can end the wait.
   */
  readonly waits?: boolean;
  /** A signal that ends this request, besides the guard's own signal. */
  readonly signal?: AbortSignal | undefined;
}

const ENDLESS: BoundedCall = { signal: undefined, abort: () => {}, end: () => {} };

/**
 * The requests in flight of one session. They share one listener on the guard's signal. With one listener
 * per request, Node would warn of a leak.
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

  /** Applies the limits to a new request. Call `end` of the result when the request has ended. */
  begin({ timeoutMs, waits = false, signal: own }: CallLimits): BoundedCall {
    if (timeoutMs === undefined && this.#signal === undefined && !waits) {
      // Do not create a controller here. For a query of the proxy, it would cost as much as parsing the
      // query.
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

/**
 * Starts the timer that ends a request. Records the deadline for the signal, so that a wait for admission
 * can respect it.
 */
function endLater(controller: AbortController, timeoutMs: number): NodeJS.Timeout {
  setDeadline(controller.signal, systemClock.now() + timeoutMs);
  return setTimeout(() => controller.abort(new TimeoutError(timeoutMs)), timeoutMs);
}
