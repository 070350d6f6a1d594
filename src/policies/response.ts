/** Turns an HTTP response into an outcome, because `fetch` resolves even for failures such as 503. */

import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import { readRetryAfter } from "../options/http-date.js";

/** The part of a `Response` that this package reads. */
export interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The URL. Error messages contain its host, never its path or query. */
  readonly url?: string | undefined;
  readonly body?: { cancel(): Promise<unknown> } | null | undefined;
}

/** The outcome of an HTTP response. */
export interface ResponseOutcome {
  /** `"failure"` for the statuses 408, 429 and 500 to 599, else `"success"`. */
  readonly outcome: "success" | "failure";
  /**
   * The wait that the server asked for in `Retry-After`, in milliseconds. Undefined if the server asked for
   * no wait.
   */
  readonly retryAfterMs: number | undefined;
}

const CODE = "HTTP_RESPONSE";

/**
 * The error of a response whose status shows that the server cannot serve the request now. `code` is
 * `"HTTP_RESPONSE"`. Breakers and retries respect its `retryAfterMs` without further options.
 */
export class ResponseError extends CircuitBreakerError {
  /** The HTTP status: 408, 429 or 500 to 599. */
  readonly status: number;
  /**
   * The wait that the server asked for in `Retry-After`, in milliseconds. Undefined if the server asked for
   * no wait.
   */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, host: string | undefined, retryAfterMs: number | undefined) {
    const from = host === undefined ? "" : ` from ${host}`;
    const wait =
      retryAfterMs === undefined ? "" : `, retry after ${Math.ceil(retryAfterMs / 1000)}s`;
    super(`HTTP ${status}${from}${wait}`, CODE);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  static {
    nameErrorClass(ResponseError, "ResponseError");
  }
}

/** Returns whether `error` is a {@link ResponseError} of this or another copy of the package. */
export function isResponseError(error: unknown): error is ResponseError {
  return isCircuitBreakerError(error) && error.code === CODE;
}

/**
 * Returns the outcome of a response. The statuses 408, 429 and 500 to 599 are failures, and their
 * `retryAfterMs` comes from `Retry-After` (seconds or a date). Any other status is a success, because the
 * server works.
 *
 * @example
 * ```ts
 * import { responseOutcome } from "dagger-circuit-breaker";
 *
 * const response = new Response("", { status: 503, headers: { "retry-after": "30" } });
 * const { outcome, retryAfterMs } = responseOutcome(response);
 * console.assert(outcome === "failure" && retryAfterMs === 30_000);
 * ```
 */
export function responseOutcome(response: ResponseLike): ResponseOutcome {
  const { status, headers } = response;
  const failed = status === 408 || status === 429 || (status >= 500 && status < 600);
  if (!failed) return { outcome: "success", retryAfterMs: undefined };
  return {
    outcome: "failure",
    retryAfterMs: readRetryAfter(headers.get("retry-after")) ?? undefined,
  };
}

/**
 * Returns `response`, or throws for the statuses 408, 429 and 500 to 599, for which `fetch` resolves.
 * Cancels the body of a failed response, because an unread body occupies its connection.
 *
 * @throws ResponseError with the status and the delay of `Retry-After`.
 *
 * @example
 * ```ts
 * import { checkResponse, CircuitBreaker } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api", failureThreshold: 1 });
 * const limited = new Response("", { status: 429, headers: { "retry-after": "120" } });
 * await breaker.execute(() => checkResponse(limited)).catch((error) => console.log(error.message));
 * console.assert(breaker.state === "open");
 * ```
 */
export function checkResponse<R extends ResponseLike>(response: R): R {
  const { outcome, retryAfterMs } = responseOutcome(response);
  if (outcome === "success") return response;
  // `cancel` rejects if other code is already reading the body. Then that code is responsible for it.
  response.body?.cancel().catch(() => undefined);
  throw new ResponseError(response.status, hostOf(response.url), retryAfterMs);
}

function hostOf(url: string | undefined): string | undefined {
  try {
    return url ? new URL(url).host : undefined;
  } catch {
    return undefined;
  }
}
