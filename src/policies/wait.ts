/** Waits until a breaker admits a call, instead of rejecting the call at once. */

import type { Operation } from "../breaker/calls/calls.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { type Clock, type Random, systemClock } from "../breaker/clock.js";
import {
  CircuitBreakerError,
  type CircuitBreakerOpenError,
  isCircuitBreakerError,
  nameErrorClass,
} from "../breaker/errors.js";
import type { AbortSignal } from "../options/abort-signal.js";
import {
  checkFunction,
  checkNumber,
  type Field,
  functionField,
  MILLISECONDS,
  numberField,
  objectField,
  readOptions,
  signalField,
} from "../options/check.js";
import { deadlineOf } from "./deadline.js";
import { delay } from "./delay.js";

/** The part of a breaker that waiting calls use. */
export type AwaitedBreaker = Pick<CircuitBreaker, "tryExecute">;

/** Options of `executeWhenAdmitted`. */
export interface WaitOptions {
  /** The longest total wait in milliseconds, 0 or more. */
  readonly maxWaitMs: number;
  /**
   * The longest random time that is added to each wait, in milliseconds; 0 or more. It spreads waiting
   * calls, so that they do not all arrive at once. The total wait never exceeds `maxWaitMs`. Default:
   * 5,000.
   */
  readonly waitSpreadMs?: number | undefined;
  /** Passed to the operation. An abort ends the wait at once. */
  readonly signal?: AbortSignal | undefined;
  /** The source of random numbers. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** The source of time and timers. Default: the clock and timers of the process. */
  readonly clock?: Clock | undefined;
}

/** Options of `createWait`. */
export type WaitPolicyOptions = Omit<WaitOptions, "signal">;

/** A policy whose calls wait for a breaker. Use it alone or in `wrap`. */
export interface Wait {
  /**
   * Runs `operation` through the breaker as soon as the breaker admits the call; see {@link
   * executeWhenAdmitted}.
   *
   * @throws The errors of `executeWhenAdmitted`.
   */
  execute<T>(
    operation: Operation<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}

const CODE = "WAITERS_FULL";

/** The most calls that may wait for one breaker. */
const MAX_WAITERS = 100;

/**
 * The longest wait in milliseconds while other calls probe, before a random spread. A probe may end long
 * before its slot expires, so waiting calls try again soon.
 */
const PROBE_RECHECK_MS = 100;

/**
 * The error of a call that may not wait, because too many calls already wait for the breaker. `code` is
 * `"WAITERS_FULL"`; `cause` is the breaker's rejection.
 */
export class WaitersFullError extends CircuitBreakerError {
  readonly breakerName: string;
  /** The most calls that may wait for one breaker. */
  readonly maxWaiters: number;

  constructor(rejection: CircuitBreakerOpenError, maxWaiters: number) {
    const message = `circuit breaker "${rejection.breakerName}" has reached its limit of ${maxWaiters} waiting calls`;
    super(message, CODE, { cause: rejection, refused: true });
    this.breakerName = rejection.breakerName;
    this.maxWaiters = maxWaiters;
  }

  static {
    nameErrorClass(WaitersFullError, "WaitersFullError");
  }
}

/** Returns whether `error` is a {@link WaitersFullError} of this or another copy of the package. */
export function isWaitersFullError(error: unknown): error is WaitersFullError {
  return isCircuitBreakerError(error) && error.code === CODE;
}

const breakerField = objectField<AwaitedBreaker>({} as AwaitedBreaker, ["tryExecute"]);

const POLICY_FIELDS = {
  maxWaitMs: numberField(undefined, MILLISECONDS),
  waitSpreadMs: numberField(5000, MILLISECONDS),
  random: { absent: Math.random, read: functionField<Random>().read } as Field<Random>,
  clock: objectField<Clock>(systemClock, ["now"]),
};
const CALL_FIELDS = { signal: signalField };
const FIELDS = { ...POLICY_FIELDS, ...CALL_FIELDS };

/**
 * Runs `operation` through `breaker` as soon as the breaker admits the call. While the circuit is open, the
 * call waits until the open time is over, plus a random spread, and tries again. A waiting call holds no
 * permit. At most 100 calls wait for one breaker.
 *
 * @throws CircuitBreakerOpenError at once if the breaker is isolated, or if the wait would exceed
 * `maxWaitMs` or the deadline of a surrounding `withTimeout`. WaitersFullError if 100 calls already wait.
 * The signal's reason if the signal is aborted before the operation begins. The operation's error,
 * unchanged. TypeError or RangeError at once for invalid options.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, executeWhenAdmitted } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api", failureThreshold: 1, resetTimeoutMs: 20 });
 * breaker.acquire().failure(new Error("down"));
 * const answer = await executeWhenAdmitted(breaker, async () => "back", {
 *   maxWaitMs: 1_000,
 *   waitSpreadMs: 10,
 * });
 * console.assert(answer === "back");
 * ```
 */
export function executeWhenAdmitted<T>(
  breaker: AwaitedBreaker,
  operation: Operation<T>,
  options: WaitOptions,
): Promise<T> {
  breakerField.read(breaker, "breaker");
  checkFunction(operation, "operation");
  const {
    maxWaitMs = checkNumber(undefined, 'executeWhenAdmitted option "maxWaitMs"', MILLISECONDS),
    ...settings
  } = readOptions("executeWhenAdmitted", options, FIELDS);
  return run(breaker, operation, { ...settings, maxWaitMs });
}

/**
 * Creates a policy whose calls wait for `breaker` instead of being rejected.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
 * @example
 * ```ts
 * import { CircuitBreaker, createWait } from "dagger-circuit-breaker";
 *
 * const patient = createWait(new CircuitBreaker({ name: "api" }), { maxWaitMs: 120_000 });
 * console.assert((await patient.execute(async () => "hello")) === "hello");
 * ```
 */
export function createWait(breaker: AwaitedBreaker, options: WaitPolicyOptions): Wait {
  breakerField.read(breaker, "breaker");
  const {
    maxWaitMs = checkNumber(undefined, 'createWait option "maxWaitMs"', MILLISECONDS),
    ...settings
  } = readOptions("createWait", options, POLICY_FIELDS);
  return {
    execute(operation, callOptions) {
      checkFunction(operation, "operation");
      const { signal } = readOptions("execute", callOptions, CALL_FIELDS);
      return run(breaker, operation, { ...settings, maxWaitMs, signal });
    },
  };
}

/** The checked options of a wait. */
export interface WaitSettings {
  readonly maxWaitMs: number;
  readonly waitSpreadMs: number;
  readonly signal: AbortSignal | undefined;
  readonly random: Random;
  /** The source of time and timers. Default: the clock and timers of the process. */
  readonly clock?: Clock | undefined;
  /** Called before each pause. It may be called often, because pauses are short while other calls probe. */
  readonly onWait?: OnWait | undefined;
}

/** A function called when a call waits for a circuit. `waitMs` is the time until the next try. */
export type OnWait = (rejection: CircuitBreakerOpenError, waitMs: number) => void;

/** The result of one try: a value, or a rejection with the breaker that gave it. */
export type Asked<T> =
  | { readonly value: T }
  | { readonly refusedBy: object; readonly rejection: CircuitBreakerOpenError };

/**
 * Tries a call repeatedly until it is admitted, with the waits and limits of `executeWhenAdmitted`.
 *
 * @param ask Tries the call once. It receives a function to call on admission. That function frees the
 * call's place among the 100 calls that may wait.
 * @internal
 */
export async function askUntilAdmitted<T>(
  ask: (leave: () => void) => Asked<T> | Promise<Asked<T>>,
  settings: WaitSettings,
): Promise<T> {
  const { clock = systemClock } = settings;
  const endsMs = clock.now() + settings.maxWaitMs;
  const place = new Place();
  try {
    for (;;) {
      const asked = await ask(() => place.leave());
      if ("value" in asked) return asked.value;
      const { refusedBy, rejection } = asked;
      const waitMs = nextWait(rejection, endsMs, settings);
      if (waitMs === undefined) throw rejection;
      place.take(refusedBy, rejection);
      settings.onWait?.(rejection, waitMs);
      await delay(waitMs, settings.signal, clock);
    }
  } finally {
    place.leave();
  }
}

async function run<T>(
  breaker: AwaitedBreaker,
  operation: Operation<T>,
  settings: WaitSettings,
): Promise<T> {
  const { signal } = settings;
  return askUntilAdmitted(async (leave) => {
    // The breaker runs the operation only after admission, so the call no longer waits.
    const admitted: Operation<T> = (context) => {
      leave();
      return operation(context);
    };
    const result = await breaker.tryExecute(admitted, { signal });
    if (result.ok) return { value: result.value };
    if (!result.rejected) throw result.error;
    return { refusedBy: breaker, rejection: result.error };
  }, settings);
}

/**
 * Returns the pause before the next try, or undefined if the pause would exceed `maxWaitMs` or the
 * deadline.
 */
function nextWait(
  { reason, retryAfterMs }: CircuitBreakerOpenError,
  endsMs: number,
  { waitSpreadMs, signal, random, clock = systemClock }: WaitSettings,
): number | undefined {
  if (retryAfterMs === undefined) return undefined;
  const soonestMs = reason === "probing" ? Math.min(retryAfterMs, PROBE_RECHECK_MS) : retryAfterMs;
  const nowMs = clock.now();
  const deadlineMs = deadlineOf(signal, clock);
  if (nowMs + soonestMs > endsMs || nowMs + soonestMs >= deadlineMs) return undefined;
  const spareMs = Math.min(endsMs, deadlineMs) - nowMs - soonestMs;
  return soonestMs + random() * Math.min(waitSpreadMs, spareMs);
}

const waiterCounts = new WeakMap<object, number>();

/**
 * One of the 100 places for calls that wait for a breaker. A call keeps its place between tries.
 */
class Place {
  #breaker: object | undefined;

  take(breaker: object, rejection: CircuitBreakerOpenError): void {
    if (this.#breaker === breaker) return;
    const count = waiterCounts.get(breaker) ?? 0;
    if (count >= MAX_WAITERS) throw new WaitersFullError(rejection, MAX_WAITERS);
    this.leave();
    waiterCounts.set(breaker, count + 1);
    this.#breaker = breaker;
  }

  leave(): void {
    if (this.#breaker === undefined) return;
    waiterCounts.set(this.#breaker, (waiterCounts.get(this.#breaker) as number) - 1);
    this.#breaker = undefined;
  }
}
