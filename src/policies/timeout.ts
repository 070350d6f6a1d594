/** Bounds the time of an operation. */

import type { Operation } from "../breaker/calls/calls.js";
import { type Clock, startTimer, systemClock } from "../breaker/clock.js";
import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import type { AbortSignal } from "../options/abort-signal.js";
import {
  checkFunction,
  checkNumber,
  numberField,
  objectField,
  readOptions,
  SOME_MILLISECONDS,
  signalField,
} from "../options/check.js";
import { onAbort } from "./abort.js";
import { deadlineOf, setDeadline } from "./deadline.js";

/** What `withTimeout` can be told. */
export interface TimeoutOptions {
  /** Milliseconds that the operation may take; above 0. */
  readonly timeoutMs: number;
  /** The caller's own. Its abort is passed on to the operation and ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Where time comes from, and timers. Default: the clock and the timers of the process. */
  readonly clock?: Clock | undefined;
}

/** What `createTimeout` can be told. */
export type TimeoutPolicyOptions = Omit<TimeoutOptions, "signal">;

/** Bounds the time of each of its calls; one of the policies that `wrap` puts together. */
export interface Timeout {
  /**
   * Runs `operation`; see {@link withTimeout}.
   *
   * @throws TimeoutError (as a rejection) when the time is over.
   */
  execute<T>(
    operation: Operation<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}

/** What an operation with a time-out is given. */
export interface TimeoutContext {
  /** Aborted when the time is over, with a {@link TimeoutError}, and when the caller's signal is. */
  readonly signal: AbortSignal;
}

/** What can be given a time-out: may return a value, a promise or a thenable, and may throw. */
export type TimeoutOperation<T> = (context: TimeoutContext) => T | PromiseLike<T>;

const CODE = "TIMEOUT";

/**
 * An operation took longer than it may. `code` is `"TIMEOUT"`; its name is that of the platform's
 * own time-outs, so that a breaker counts it as a failure wherever it meets it: as the error of an
 * attempt, or as the reason of the signal given to `execute`.
 */
export class TimeoutError extends CircuitBreakerError {
  /** The milliseconds that the operation was given. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`timed out after ${timeoutMs} ms`, CODE);
    this.timeoutMs = timeoutMs;
  }

  static {
    nameErrorClass(TimeoutError, "TimeoutError");
  }
}

/**
 * Whether `error` is a {@link TimeoutError} of this or of another copy of the package. What
 * `AbortSignal.timeout` gives is none.
 */
export function isTimeoutError(error: unknown): error is TimeoutError {
  return isCircuitBreakerError(error) && error.code === CODE;
}

const POLICY_FIELDS = {
  timeoutMs: numberField(undefined, SOME_MILLISECONDS),
  clock: objectField<Clock>(systemClock, ["now"]),
};
const CALL_FIELDS = { signal: signalField };
const FIELDS = { ...POLICY_FIELDS, ...CALL_FIELDS };

/**
 * Runs `operation` and rejects when the time is over, even if the operation goes on: it is told to
 * stop by its signal, and what it still comes to is dropped. It serves one attempt, inside a
 * breaker, as well as the whole, outside of breaker and retry.
 *
 * @throws TimeoutError (as a rejection) when the time is over; the reason of the caller's signal
 * when that is aborted; what the operation throws. A TypeError or RangeError for wrong options is
 * thrown at once.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, isTimeoutError, withTimeout } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api" });
 * const attempt = () => withTimeout(() => new Promise<string>(() => {}), { timeoutMs: 10 });
 * const answer = await breaker.execute(attempt).catch((error) => {
 *   if (isTimeoutError(error)) return "too slow";
 *   throw error;
 * });
 * console.assert(answer === "too slow");
 * console.assert(breaker.getMetrics().metrics.failureCount === 1);
 * ```
 */
export function withTimeout<T>(
  operation: TimeoutOperation<T>,
  options: TimeoutOptions,
): Promise<T> {
  checkFunction(operation, "operation");
  const {
    signal,
    clock,
    timeoutMs = checkNumber(undefined, 'withTimeout option "timeoutMs"', SOME_MILLISECONDS),
  } = readOptions("withTimeout", options, FIELDS);
  return run(operation, timeoutMs, signal, clock);
}

/**
 * Makes a timeout for the calls of one upstream.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
 *
 * @example
 * ```ts
 * import { createTimeout } from "dagger-circuit-breaker";
 *
 * const timeout = createTimeout({ timeoutMs: 1_000 });
 * console.assert((await timeout.execute(async () => "hello")) === "hello");
 * ```
 */
export function createTimeout(options: TimeoutPolicyOptions): Timeout {
  const {
    clock,
    timeoutMs = checkNumber(undefined, 'createTimeout option "timeoutMs"', SOME_MILLISECONDS),
  } = readOptions("createTimeout", options, POLICY_FIELDS);
  return {
    execute(operation, callOptions) {
      checkFunction(operation, "operation");
      const { signal } = readOptions("execute", callOptions, CALL_FIELDS);
      return run(operation, timeoutMs, signal, clock);
    },
  };
}

function run<T>(
  operation: TimeoutOperation<T>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
  clock: Clock,
): Promise<T> {
  if (outer?.aborted) return Promise.reject(outer.reason);
  const controller = new AbortController();
  const { signal } = controller;
  setDeadline(signal, Math.min(clock.now() + timeoutMs, deadlineOf(outer, clock)), clock);
  return new Promise<T>((resolve, reject) => {
    const stopWatching = () => {
      cancel();
      forget();
    };
    const end = (reason: unknown) => {
      stopWatching();
      reject(reason);
      controller.abort(reason);
    };
    const cancel = startTimer(clock, () => end(new TimeoutError(timeoutMs)), timeoutMs);
    const forget = onAbort(outer, end);
    const settled = new Promise<T>((settle) => settle(operation({ signal })));
    // What comes after the end is dropped here: a promise that is settled hears nothing more.
    settled.then(resolve, reject).then(stopWatching);
  });
}
