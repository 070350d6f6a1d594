/** Waits until a breaker admits a call, instead of failing it. */

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
   * Milliseconds by which each wait is lengthened at most, at random, so that waiting calls do not
   * all arrive at once; 0 or more. The wait never exceeds `maxWaitMs`. Default: 5,000.
   */
  readonly waitSpreadMs?: number | undefined;
  /** Passed to the operation. Its abort ends the wait at once. */
  readonly signal?: AbortSignal | undefined;
  /** The source of chance. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** The source of time and timers. Default: those of the process. */
  readonly clock?: Clock | undefined;
}

/** Options of `createWait`. */
export type WaitPolicyOptions = Omit<WaitOptions, "signal">;

/** A policy whose calls wait for a breaker. Use it alone or in `wrap`. */
export interface Wait {
  /**
   * Runs `operation` through the breaker as soon as it admits the call; see {@link
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

/** The largest number of calls that wait for one breaker. */
const MAX_WAITERS = 100;

/**
 * While other calls probe, a waiting call tries again after at most this time and a random spread.
 * A probe may end long before its slot would expire.
 */
const PROBE_RECHECK_MS = 100;

/**
 * The error of a call that may not wait, because too many wait already. `code` is `"WAITERS_FULL"`;
 * `cause` is the breaker's rejection.
 */
export class WaitersFullError extends CircuitBreakerError {
  readonly breakerName: string;
  /** The largest number of calls that may wait for one breaker. */
  readonly maxWaiters: number;

  constructor(rejection: CircuitBreakerOpenError, maxWaiters: number) {
    const message = `${maxWaiters} calls wait for circuit breaker "${rejection.breakerName}", no more may`;
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
 * Runs `operation` through `breaker` as soon as the breaker admits it. While the circuit is open,
 * the call waits until the open time is over, plus a random spread, and tries again. It holds no
 * permit meanwhile. At most 100 calls wait for one breaker.
 *
 * @throws CircuitBreakerOpenError at once when the breaker is isolated, or the wait would exceed
 * `maxWaitMs` or the time left of a `withTimeout` around it. WaitersFullError when 100 calls
 * already wait. The signal's reason when it is aborted before the operation begins. The operation's
 * error, unchanged. Throws a TypeError or RangeError at once for invalid options.
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
  /** Default: the clock and timers of the process. */
  readonly clock?: Clock | undefined;
  /** Called before each pause. While other calls probe, pauses are short. */
  readonly onWait?: OnWait | undefined;
}

/** Called when a call waits for a circuit, with the time until the next try. */
export type OnWait = (rejection: CircuitBreakerOpenError, waitMs: number) => void;

/** The result of a try: a value, or the rejection of a breaker. */
export type Asked<T> =
  | { readonly value: T }
  | { readonly refusedBy: object; readonly rejection: CircuitBreakerOpenError };

/**
 * Tries again, as `executeWhenAdmitted` does, until the call is admitted.
 *
 * @param ask Tries the call. It receives a function to call on admission, which frees the call's
 * place among the 100 that may wait.
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
    // The operation runs only when the call was admitted, so the wait is over.
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
 * Returns the pause before the next try; undefined if that would exceed `maxWaitMs` or the
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
