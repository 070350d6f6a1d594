/** The errors of the breaker, and guards that know them even from another copy of the package. */

import type { CircuitState } from "./circuit-state.js";

/**
 * Why a breaker refused a call: the circuit is `open` and its time is not over, it is half-open and
 * every probe slot is taken (`probing`), or somebody `isolated` it by hand.
 */
export type RejectionReason = "open" | "probing" | "isolated";

/** What a rejection tells about the breaker that made it. */
export interface Rejection {
  readonly breakerName: string;
  readonly state: CircuitState;
  readonly reason: RejectionReason;
  /** Milliseconds until asking again makes sense; undefined when isolated. */
  readonly retryAfterMs: number | undefined;
  /** The generation of the breaker that refused. */
  readonly generation: number;
  /** The last failure before the circuit opened, if there was one. */
  readonly cause?: unknown;
  /** The text given to `isolate`, when isolated. */
  readonly isolationReason?: string | undefined;
}

/**
 * What every error of this package carries under a registered symbol, so that the guards below know
 * an error of another copy of the package, where `instanceof` is false.
 */
const BRAND = Symbol.for("dagger-circuit-breaker.error");

const OPEN_CODE = "CIRCUIT_OPEN";

/** What the errors of this package may be made with. */
export interface CircuitBreakerErrorOptions {
  readonly cause?: unknown;
  /** Default: false. */
  readonly refused?: boolean;
}

/** The base of the errors that this package throws of its own accord, bad arguments apart. */
export class CircuitBreakerError extends Error {
  /** Stable: tell errors apart by it rather than by their message. */
  readonly code: string;
  /**
   * Whether this package refused the call before it was tried, as an open circuit or a full bulkhead
   * does. Such an error says nothing of an upstream, so a breaker around it counts it as ignored
   * unless `classifyError` says otherwise.
   */
  readonly refused: boolean;

  constructor(message: string, code: string, options: CircuitBreakerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.refused = options.refused ?? false;
  }

  static {
    nameErrorClass(CircuitBreakerError, "CircuitBreakerError");
    Object.defineProperty(CircuitBreakerError.prototype, BRAND, { value: true });
  }
}

/**
 * A call was refused without being tried. `code` is `"CIRCUIT_OPEN"`.
 *
 * It has no stack trace unless the breaker's option `captureRejectionStack` asks for one, because
 * taking a stack costs more than all the rest of a rejection.
 */
export class CircuitBreakerOpenError extends CircuitBreakerError implements Rejection {
  readonly breakerName: string;
  readonly state: CircuitState;
  readonly reason: RejectionReason;
  readonly retryAfterMs: number | undefined;
  readonly generation: number;
  readonly isolationReason: string | undefined;

  constructor(rejection: Rejection) {
    super(describe(rejection), OPEN_CODE, { cause: rejection.cause, refused: true });
    this.breakerName = rejection.breakerName;
    this.state = rejection.state;
    this.reason = rejection.reason;
    this.retryAfterMs = rejection.retryAfterMs;
    this.generation = rejection.generation;
    this.isolationReason = rejection.isolationReason;
  }

  static {
    nameErrorClass(CircuitBreakerOpenError, "CircuitBreakerOpenError");
  }
}

/**
 * Gives the instances of an error class their `name` without a property on each of them.
 *
 * @internal
 */
export function nameErrorClass(errorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, "name", {
    value: name,
    configurable: true,
    writable: true,
  });
}

/** Whether `error` is a {@link CircuitBreakerError} of this or of another copy of the package. */
export function isCircuitBreakerError(error: unknown): error is CircuitBreakerError {
  try {
    return typeof error === "object" && error !== null && BRAND in error;
  } catch {
    return false; // A revoked proxy throws when it is looked at, and is none of ours.
  }
}

/** Whether `error` is a {@link CircuitBreakerOpenError} of this or of another copy of the package. */
export function isCircuitBreakerOpenError(error: unknown): error is CircuitBreakerOpenError {
  return isCircuitBreakerError(error) && error.code === OPEN_CODE;
}

/**
 * Returns the delay that an error of this package passes on from a server, in milliseconds;
 * undefined for every other error.
 *
 * @internal
 */
export function statedDelayMs(error: unknown): number | undefined {
  if (!isCircuitBreakerError(error) || error.refused) return undefined;
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
  return typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : undefined;
}

/**
 * Makes the error of a rejection without the cost of a stack trace. A process that has frozen
 * `Error` pays for the trace instead of failing.
 *
 * @internal
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = 0;
  } catch {
    return make();
  }
  const error = make();
  Error.stackTraceLimit = limit;
  return error;
}

function describe({ breakerName, reason, retryAfterMs, isolationReason }: Rejection): string {
  if (reason === "isolated") return `circuit isolated: ${breakerName}, ${isolationReason}`;
  const wait = `retry in ${Math.ceil((retryAfterMs ?? 0) / 1000)}s`;
  return reason === "open"
    ? `circuit open: ${breakerName}, ${wait}`
    : `circuit half-open: ${breakerName}, all probes are taken, ${wait}`;
}
