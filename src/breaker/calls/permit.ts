/** The right to make one call. A permit is taken at admission and settled once. */

import { readObject, show } from "../../options/check.js";
import type { Outcome } from "../options.js";
import type { ProbeLease } from "../state/half-open.js";

declare global {
  /**
   * This declaration is here, because a user's program may not load TypeScript's library
   * `esnext.disposable`.
   */
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** Details of a failure in addition to its error. */
export interface FailureDetail {
  /** Milliseconds for which the upstream asked to be left alone; 0 or more. Default: no delay. */
  readonly retryAfterMs?: number | undefined;
  /**
   * Whether to open the circuit at once, whatever its trip policy has counted, as for a rate limit.
   * Default: false.
   */
  readonly openNow?: boolean | undefined;
}

/** Details of a success. */
export interface SuccessDetail {
  /**
   * The duration in milliseconds, 0 or more. Set it if the time since admission is not accurate.
   */
  readonly durationMs?: number | undefined;
}

/** The outcome of a call with its details, as the state machine counts it. */
export interface Settlement extends FailureDetail, SuccessDetail {
  readonly outcome: Outcome;
  readonly error: unknown;
}

/**
 * The object to which a permit reports that it is settled or released, such as the state machine.
 */
export interface Settler {
  settle(permit: Permit, settlement: Settlement): void;
  release(permit: Permit): void;
  /**
   * Returns a settler that reports to the breaker of this process only, not to a shared circuit.
   * This method is missing in a settler without a shared circuit.
   */
  alone?(): Settler;
}

/**
 * The part of a {@link Permit} that a caller uses. An object that holds several permits also
 * implements it.
 */
export type CallPermit = Pick<
  Permit,
  // `keepLocal` is internal, so the published declarations lack it. `Extract` compiles with and
  // without this key.
  "generation" | "success" | "failure" | "ignore" | "release" | Extract<keyof Permit, "keepLocal">
>;

/** A success without details. */
export const SUCCESS: Settlement = Object.freeze({ outcome: "success", error: undefined });

/**
 * The right to make one call. Settle it once with `success`, `failure` or `ignore`, or give it back
 * with `release`. Only the first of these calls has an effect.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api" });
 * const permit = breaker.acquire();
 * try {
 *   const response = await fetch("http://127.0.0.1:9/");
 *   if (response.status === 429) permit.failure(new Error("limited"), { openNow: true });
 *   else permit.success();
 * } catch (error) {
 *   permit.failure(error);
 * }
 * ```
 */
export class Permit {
  #settler: Settler;
  #settled = false;
  /** The generation of the breaker in which the call was admitted. */
  readonly generation: number;
  /** @internal */
  readonly lease: ProbeLease | undefined;
  /** @internal */
  readonly startedMs: number;
  /** @internal */
  readonly wouldReject: boolean;

  /**
   * @param lease The probe slot of the call, in a half-open circuit.
   * @param startedMs The time when the call began, or NaN if its duration is not needed.
   * @param wouldReject Whether an automatic breaker would have rejected the call.
   * @internal
   */
  constructor(
    settler: Settler,
    generation: number,
    lease: ProbeLease | undefined,
    startedMs: number,
    wouldReject: boolean,
  ) {
    this.#settler = settler;
    this.generation = generation;
    this.lease = lease;
    this.startedMs = startedMs;
    this.wouldReject = wouldReject;
  }

  /**
   * Settles the call as a success.
   *
   * @throws TypeError or RangeError for an unknown or invalid detail. The permit stays unsettled.
   */
  success(detail?: SuccessDetail): void {
    if (this.#settled) return;
    if (detail === undefined) this.#settle(SUCCESS);
    else this.#settle({ ...readDetail("permit.success", detail, SUCCESS_KEYS), ...SUCCESS });
  }

  /**
   * Settles the call as a failure of the upstream.
   *
   * @throws TypeError or RangeError for an unknown or invalid detail. The permit stays unsettled.
   */
  failure(error?: unknown, detail?: FailureDetail): void {
    if (this.#settled) return;
    const known = readDetail("permit.failure", detail, FAILURE_KEYS);
    this.#settle({ ...known, outcome: "failure", error });
  }

  /** Settles the call as ignored: its outcome shows nothing about the upstream's health. */
  ignore(error?: unknown): void {
    this.#settle({ outcome: "ignored", error });
  }

  /** Gives the permit back because the call was not made. Nothing is counted. */
  release(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settler.release(this);
  }

  /** Does the same as `release`, so that you can write `using permit = breaker.acquire()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Redirects the outcome to another settler, which passes the outcome on to the breaker.
   *
   * @internal
   */
  handTo(settler: Settler): void {
    this.#settler = settler;
  }

  /**
   * Keeps the outcome in this process, so that a shared circuit does not count it.
   *
   * @internal
   */
  keepLocal(): void {
    this.#settler = this.#settler.alone?.() ?? this.#settler;
  }

  #settle(settlement: Settlement): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settler.settle(this, settlement);
  }
}

const SUCCESS_KEYS: readonly (keyof SuccessDetail)[] = ["durationMs"];
const FAILURE_KEYS: readonly (keyof FailureDetail)[] = ["retryAfterMs", "openNow"];

/**
 * Checks the details of an outcome. Without this check, an invalid delay would block a circuit for
 * good, and a misspelled detail would be lost.
 *
 * @throws TypeError or RangeError that names the detail, its value and the expected value.
 */
export function readDetail(
  owner: string,
  given: unknown,
  known: readonly string[],
): FailureDetail & SuccessDetail & Readonly<Record<string, unknown>> {
  const detail = isDetail(given, known) ? given : readObject(owner, given, known);
  const { retryAfterMs, durationMs, openNow } = detail;
  if (!isDuration(retryAfterMs)) throw wrongDuration("retryAfterMs", retryAfterMs);
  if (!isDuration(durationMs)) throw wrongDuration("durationMs", durationMs);
  if (openNow !== undefined && typeof openNow !== "boolean") {
    throw new TypeError(`openNow is ${show(openNow)}, expected true or false`);
  }
  return detail;
}

/**
 * Returns whether the argument is an object with known keys only. This check is faster than
 * `readObject`, which also creates the error message.
 */
function isDetail(given: unknown, known: readonly string[]): given is Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return false;
  for (const key of Object.keys(given)) if (!known.includes(key)) return false;
  return true;
}

/** Returns whether a value is undefined or a number of milliseconds from 0 to Infinity. */
export function isDuration(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && value >= 0);
}

function wrongDuration(name: string, value: unknown): Error {
  const message = `${name} is ${show(value)}, expected a number of milliseconds, 0 or more`;
  return typeof value === "number" ? new RangeError(message) : new TypeError(message);
}
