/** The right to make one call: taken at admission, settled once. */

import { readObject, show } from "../../options/check.js";
import type { Outcome } from "../options.js";
import type { Lease } from "../state/half-open.js";

declare global {
  /** Declared by the lib "esnext.disposable" as well, which users need not have. */
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** What a caller may know of a failure beside its error. */
export interface FailureDetail {
  /** For how many milliseconds the upstream asked to be left alone; 0 or more. */
  readonly retryAfterMs?: number | undefined;
  /** Opens the circuit at once, whatever its trip policy has counted, as for a rate limit. */
  readonly openNow?: boolean | undefined;
}

/** What a caller may know of a success. */
export interface SuccessDetail {
  /** How long the exchange took, where that is known better than by the time since admission. */
  readonly durationMs?: number | undefined;
}

/** An outcome on its way to the machine. */
export interface Settlement extends FailureDetail, SuccessDetail {
  readonly outcome: Outcome;
  readonly error: unknown;
}

/** Takes back permits. */
export interface Settler {
  settle(permit: Permit, settlement: Settlement): void;
  release(permit: Permit): void;
  /** The settler for an outcome that only the breaker of this process may count. Absent: the same. */
  alone?(): Settler;
}

/** What whoever makes a call needs of its permit: {@link Permit}, or several of them in one. */
export type CallPermit = Pick<
  Permit,
  // The last one is internal, so the published declaration of a permit lacks it.
  "generation" | "success" | "failure" | "ignore" | "release" | Extract<keyof Permit, "keepLocal">
>;

/** A success of which nothing else is known. */
export const SUCCESS: Settlement = Object.freeze({ outcome: "success", error: undefined });

/**
 * The right to make one call. Settle it once with `success`, `failure` or `ignore`, or give it back
 * with `release`; what comes after the first does nothing.
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
  /** The generation of the breaker in which the call was let in. */
  readonly generation: number;
  /** @internal */
  readonly lease: Lease | undefined;
  /** @internal */
  readonly startedMs: number;
  /** @internal */
  readonly wouldReject: boolean;

  /**
   * @param lease The probe slot that the call holds, in a half-open circuit.
   * @param startedMs When it began; NaN when nobody asks how long it takes.
   * @param wouldReject Whether an automatic breaker would have refused it.
   * @internal
   */
  constructor(
    settler: Settler,
    generation: number,
    lease: Lease | undefined,
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
   * The call did what it should.
   *
   * @throws TypeError or RangeError for a detail that is not known or wrong; the permit is then not
   * settled.
   */
  success(detail?: SuccessDetail): void {
    if (this.#settled) return;
    if (detail === undefined) this.#settle(SUCCESS);
    else this.#settle({ ...readDetail("permit.success", detail, SUCCESS_KEYS), ...SUCCESS });
  }

  /**
   * The upstream failed the call.
   *
   * @throws TypeError or RangeError for a detail that is not known or wrong; the permit is then not
   * settled.
   */
  failure(error?: unknown, detail?: FailureDetail): void {
    if (this.#settled) return;
    const known = readDetail("permit.failure", detail, FAILURE_KEYS);
    this.#settle({ ...known, outcome: "failure", error });
  }

  /** The call says nothing of the upstream; it is counted as ignored. */
  ignore(error?: unknown): void {
    this.#settle({ outcome: "ignored", error });
  }

  /** The call was not made after all; nothing is counted. */
  release(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settler.release(this);
  }

  /** The same as `release`, for `using permit = breaker.acquire()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Lets somebody else take the outcome, who passes it on to the breaker.
   *
   * @internal
   */
  handTo(settler: Settler): void {
    this.#settler = settler;
  }

  /**
   * Keeps the outcome in this process: a circuit shared with others does not count it.
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
 * Checks what callers tell of an outcome: a delay that is no number would wedge a circuit, and one
 * that is misspelled would be lost.
 *
 * @throws TypeError or RangeError naming the detail, its value and what was expected.
 */
export function readDetail(
  owner: string,
  given: unknown,
  known: readonly string[],
): FailureDetail & SuccessDetail & Readonly<Record<string, unknown>> {
  const detail = readObject(owner, given, known);
  const { retryAfterMs, durationMs, openNow } = detail;
  if (!isDuration(retryAfterMs)) throw wrongDuration("retryAfterMs", retryAfterMs);
  if (!isDuration(durationMs)) throw wrongDuration("durationMs", durationMs);
  if (openNow !== undefined && typeof openNow !== "boolean") {
    throw new TypeError(`openNow is ${show(openNow)}, expected true or false`);
  }
  return detail;
}

/** Whether a value is undefined or a number of milliseconds, 0 or more; Infinity is one. */
export function isDuration(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && value >= 0);
}

function wrongDuration(name: string, value: unknown): Error {
  const message = `${name} is ${show(value)}, expected a number of milliseconds, 0 or more`;
  return typeof value === "number" ? new RangeError(message) : new TypeError(message);
}
