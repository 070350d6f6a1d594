/** The requests on their way in one session, and what can end them early. */

import { systemClock } from "../../breaker/clock.js";
import { onAbort } from "../../policies/abort.js";
import { setDeadline } from "../../policies/deadline.js";
import { TimeoutError } from "../../policies/timeout.js";

/** One request on its way, from the moment it asks to be let in. */
export interface BoundedCall {
  /**
   * Aborted when the time is over, with a `TimeoutError`, or when a signal given for it is; undefined
   * when nothing can end the request, since a signal costs more than all the rest of a guarded call.
   */
  readonly signal: AbortSignal | undefined;
  /** Ends the request, if something can. */
  abort(reason: unknown): void;
  /** To be called once when the request has ended, however it did. */
  end(): void;
}

/** How a request may be ended. */
export interface CallLimits {
  /** Milliseconds; undefined for as long as it likes. */
  readonly timeoutMs?: number | undefined;
  /** Whether it may wait to be let in, so that it must be possible to end it. */
  readonly waits?: boolean;
  /** Ends the request, beside the signal of all. */
  readonly signal?: AbortSignal | undefined;
}

const ENDLESS: BoundedCall = { signal: undefined, abort: () => {}, end: () => {} };

/**
 * Keeps one listener on the guard's signal, however many requests are on their way: a listener for
 * each would make Node warn of a leak.
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
      // A controller of its own would cost a query of the proxy as much as reading it does.
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

/** Ends a request when its time is over, which those who wait may know before. */
function endLater(controller: AbortController, timeoutMs: number): NodeJS.Timeout {
  setDeadline(controller.signal, systemClock.now() + timeoutMs);
  return setTimeout(() => controller.abort(new TimeoutError(timeoutMs)), timeoutMs);
}
