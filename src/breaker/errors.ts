/**
 * The errors of the breaker, and functions that also recognize errors of another copy of the
 * package.
 */

import type { CircuitState } from "./circuit-state.js";

/**
 * The reason for a rejection. `open`: the open time is not over. `probing`: the circuit is
 * half-open and every probe slot is taken. `isolated`: the circuit was isolated by hand.
 */
export type RejectionReason = "open" | "probing" | "isolated";

/** The facts of a rejection. */
export interface Rejection {
  readonly breakerName: string;
  readonly state: CircuitState;
  readonly reason: RejectionReason;
  /** Whole milliseconds until a retry makes sense; undefined when isolated. */
  readonly retryAfterMs: number | undefined;
  /** The generation of the breaker that rejected the call. */
  readonly generation: number;
  /** The last failure before the circuit opened, if there was one. */
  readonly cause?: unknown;
  /** The text given to `isolate`, when isolated. */
  readonly isolationReason?: string | undefined;
}

/**
 * The mark on every error of this package. The functions below check the mark, because `instanceof`
 * is false for an error of another copy of the package.
 */
const BRAND = Symbol.for("dagger-circuit-breaker.error");

const OPEN_CODE = "CIRCUIT_OPEN";

/** Options of {@link CircuitBreakerError}. */
export interface CircuitBreakerErrorOptions {
  readonly cause?: unknown;
  /** Whether the call was rejected before it was tried. Default: false. */
  readonly refused?: boolean;
}

/** The base class of all errors that this package throws, except errors about invalid arguments. */
export class CircuitBreakerError extends Error {
  /** A stable code. Identify an error by its code, not by its message. */
  readonly code: string;
  /**
   * Whether this package rejected the call before it was tried, as an open circuit or a full
   * bulkhead does. Such an error does not show that an upstream fails. So an outer breaker ignores
   * it, unless `classifyError` decides otherwise.
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
 * The error of a rejected call. `code` is `"CIRCUIT_OPEN"`.
 *
 * The error has no stack trace unless `captureRejectionStack` is set, because a trace costs more
 * than the rest of a rejection.
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
 * Sets `name` on the prototype, so that instances need no property for it.
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

/**
 * Returns whether `error` is a {@link CircuitBreakerError} of this or another copy of the package.
 */
export function isCircuitBreakerError(error: unknown): error is CircuitBreakerError {
  try {
    return typeof error === "object" && error !== null && BRAND in error;
  } catch {
    return false; // A revoked proxy throws on any access.
  }
}

/**
 * Returns whether `error` is a {@link CircuitBreakerOpenError} of this or another copy of the
 * package.
 */
export function isCircuitBreakerOpenError(error: unknown): error is CircuitBreakerOpenError {
  return isCircuitBreakerError(error) && error.code === OPEN_CODE;
}

/**
 * Returns the delay in milliseconds that a server asked for, if an error of this package contains a
 * delay.
 *
 * @internal
 */
export function statedDelayMs(error: unknown): number | undefined {
  if (!isCircuitBreakerError(error) || error.refused) return undefined;
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
  return typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : undefined;
}

/**
 * Creates an error without a stack trace. If the class `Error` is frozen, the error still has a
 * stack trace.
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
