/** Waits until a breaker lets a call in, instead of failing it. */

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

/** What a breaker must be able to do for calls to wait for it. */
export type AwaitedBreaker = Pick<CircuitBreaker, "tryExecute">;

/** What `executeWhenAdmitted` can be told. */
export interface WaitOptions {
  /** The longest wait in milliseconds, 0 or more, all its parts together. */
  readonly maxWaitMs: number;
  /**
   * By up to how many milliseconds each wait is lengthened at random, so that those who wait do not
   * all come at the same moment; 0 or more. It never goes past `maxWaitMs`. Default: 5,000.
   */
  readonly waitSpreadMs?: number | undefined;
  /** Handed to the operation. Its abort ends the wait at once. */
  readonly signal?: AbortSignal | undefined;
  /** Where chance comes from. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** Where time comes from, and timers. Default: the clock and the timers of the process. */
  readonly clock?: Clock | undefined;
}

/** What `createWait` can be told. */
export type WaitPolicyOptions = Omit<WaitOptions, "signal">;

/** Lets calls wait for a breaker; one of the policies that `wrap` puts together. */
export interface Wait {
  /**
   * Runs `operation` through the breaker as soon as it admits the call; see {@link executeWhenAdmitted}.
   *
   * @throws What `executeWhenAdmitted` throws.
   */
  execute<T>(
    operation: Operation<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}

const CODE = "WAITERS_FULL";

/** More calls would wait for one breaker than may. */
const MAX_WAITERS = 100;

/**
 * How soon to ask again while others probe, at the least. The probes may be over at any moment, so
 * nobody waits until the last of them would lose its slot.
 */
const PROBE_RECHECK_MS = 100;

/**
 * So many calls wait for a breaker that another may not. `code` is `"WAITERS_FULL"`; the breaker's
 * own rejection is its `cause`.
 */
export class WaitersFullError extends CircuitBreakerError {
  readonly breakerName: string;
  /** How many calls may wait for one breaker. */
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

/** Whether `error` is a {@link WaitersFullError} of this or of another copy of the package. */
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
 * Runs `operation` through `breaker` as soon as that lets it in. While the circuit is open, the call
 * waits until the open time is over, a little longer by chance, and asks again; it holds no permit
 * meanwhile. At most 100 calls wait for one breaker.
 *
 * @throws CircuitBreakerOpenError, at once, when the wait would be longer than `maxWaitMs` or than
 * the time that the signal of a `withTimeout` around it has left, or the breaker is isolated;
 * WaitersFullError when 100 calls wait already; the signal's reason when it is aborted before the
 * operation begins; what the operation throws, untouched. A TypeError or RangeError for wrong
 * options is thrown at once.
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
 * Makes a policy whose calls wait for `breaker` instead of being rejected.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
 *
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

/** How a call waits; the options, checked. */
export interface WaitSettings {
  readonly maxWaitMs: number;
  readonly waitSpreadMs: number;
  readonly signal: AbortSignal | undefined;
  readonly random: Random;
  /** Default: the clock and the timers of the process. */
  readonly clock?: Clock | undefined;
  /** Called before each part of the wait, which may follow one another fast. */
  readonly onWait?: OnWait | undefined;
}

/** Hears that a call waits for a circuit, and for how long before it asks again. */
export type OnWait = (rejection: CircuitBreakerOpenError, waitMs: number) => void;

/** What came of asking to be let in: a value, or the rejection of a breaker. */
export type Asked<T> =
  | { readonly value: T }
  | { readonly refusedBy: object; readonly rejection: CircuitBreakerOpenError };

/**
 * Asks again and again, as `executeWhenAdmitted` does, until it is let in.
 *
 * @param ask Called with how to leave the place among the waiting, for a call that goes on once it
 * was let in.
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
    // Only here is it known that the call was let in: what follows is no wait any more.
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

/** How long to wait before asking again; undefined when there is no time for it. */
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

/** The place of one call among those that wait for a breaker; it is kept while the call asks again. */
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
