/** Limits the time of an operation. */

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

/** Options of `withTimeout`. */
export interface TimeoutOptions {
  /** The longest time for the operation, in milliseconds; above 0. */
  readonly timeoutMs: number;
  /**
   * The caller's signal. An abort is passed on to the operation, and the call rejects with the signal's
   * reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** The source of time and timers. Default: the clock and timers of the process. */
  readonly clock?: Clock | undefined;
}

/** Options of `createTimeout`. */
export type TimeoutPolicyOptions = Omit<TimeoutOptions, "signal">;

/** A policy that limits the time of each call. Use it alone or in `wrap`. */
export interface Timeout {
  /**
   * Runs `operation`; see {@link withTimeout}.
   *
   * @throws TimeoutError (as a rejection) after the time limit.
   */
  execute<T>(
    operation: Operation<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}

/** The argument of an operation with a timeout. */
export interface TimeoutContext {
  /**
   * Aborted with a {@link TimeoutError} after the time limit. Also aborted when the caller's signal is
   * aborted.
   */
  readonly signal: AbortSignal;
}

/** An operation with a timeout. It may return a value, a promise or a thenable, and may throw. */
export type TimeoutOperation<T> = (context: TimeoutContext) => T | PromiseLike<T>;

const CODE = "TIMEOUT";

/**
 * The error of an operation that took too long. `code` is `"TIMEOUT"`. Its `name` is the same as that of
 * the platform's own timeout errors. Therefore a breaker counts it as a failure. This also applies if it is
 * the reason of a signal passed to `execute`.
 */
export class TimeoutError extends CircuitBreakerError {
  /** The time limit of the operation, in milliseconds. */
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
 * Returns whether `error` is a {@link TimeoutError} of this or another copy of the package. Returns
 * false for the error of `AbortSignal.timeout`.
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
 * Runs `operation`, and rejects if the time limit passes first. The operation's signal is then aborted, and
 * a later result is ignored. Use the timeout inside a breaker to limit one attempt. Use it outside the
 * breaker and the retry to limit the whole call.
 *
 * @throws TimeoutError (as a rejection) after the time limit. The reason of the caller's signal if that
 * signal is aborted. The operation's error, unchanged. TypeError or RangeError at once for invalid options.
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
 * Creates a timeout for the calls of one upstream.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
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
    // After a timeout, the promise is already settled, so a late result has no effect.
    settled.then(resolve, reject).then(stopWatching);
  });
}
