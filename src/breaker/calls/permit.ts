/** The right to make one call: taken at admission, settled once. */

import { readObject, show } from "../../options/check.js";
import type { Outcome } from "../options.js";
import type { ProbeLease } from "../state/half-open.js";

declare global {
  /** Declared here because users need not have the lib "esnext.disposable". */
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** Details of a failure beside its error. */
export interface FailureDetail {
  /** Milliseconds for which the upstream asked to be left alone; 0 or more. */
  readonly retryAfterMs?: number | undefined;
  /** Opens the circuit at once, whatever its trip policy has counted. For rate limits. */
  readonly openNow?: boolean | undefined;
}

/** Details of a success. */
export interface SuccessDetail {
  /** The duration in milliseconds, if the time since admission is not accurate. */
  readonly durationMs?: number | undefined;
}

/** The outcome of a call with its details, as the state machine counts it. */
export interface Settlement extends FailureDetail, SuccessDetail {
  readonly outcome: Outcome;
  readonly error: unknown;
}

/**
 * The object that a permit reports to when it is settled or released, such as the state machine.
 */
export interface Settler {
  settle(permit: Permit, settlement: Settlement): void;
  release(permit: Permit): void;
  /**
   * Returns a settler that reports only to the breaker of this process, not to a shared circuit. A
   * settler without a shared circuit lacks this method.
   */
  alone?(): Settler;
}

/**
 * The part of a {@link Permit} that a caller uses; an object that holds several permits implements
 * it too.
 */
export type CallPermit = Pick<
  Permit,
  // `keepLocal` is internal, so the published declaration lacks it.
  "generation" | "success" | "failure" | "ignore" | "release" | Extract<keyof Permit, "keepLocal">
>;

/** A success without details. */
export const SUCCESS: Settlement = Object.freeze({ outcome: "success", error: undefined });

/**
 * The right to make one call. Settle it once with `success`, `failure` or `ignore`, or give it back
 * with `release`; later calls do nothing.
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
   * @param startedMs The time when it began, or NaN if its duration is not needed.
   * @param wouldReject Whether an automatic breaker would have rejected it.
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

  /** Does the same as `release`, for `using permit = breaker.acquire()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Redirects the outcome to another settler, which passes it on to the breaker.
   *
   * @internal
   */
  handTo(settler: Settler): void {
    this.#settler = settler;
  }

  /**
   * Keeps the outcome in this process: a shared circuit does not count it.
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
 * Checks the details of an outcome. An invalid delay would block a circuit for good, and a
 * misspelled detail would be lost.
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

/** Checks quickly whether the argument is valid, before the slower check that words the error. */
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
