/**
 * Renders a rejection as a GraphQL error, in the one form that every SDK shows to its user as an error of
 * the query. There is exactly one error. Its path is a list of strings, and its extensions contain only
 * strings. Some SDKs accept no other form.
 */

import type { ReadRequest } from "../../attribution/query/named-upstream.js";
import {
  type CircuitBreakerError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
} from "../../breaker/errors.js";
import {
  isSharedCircuitOpenError,
  type SharedCircuitOpenError,
} from "../../fleet/client/shared-open-error.js";
import { isTimeoutError } from "../../policies/timeout.js";
import { ENGINE } from "../engine-name.js";
import { isSessionLostError } from "../errors.js";

/** The reason why a guard answered a request instead of the session. */
export type RefusalType = "CIRCUIT_OPEN" | "TIMED_OUT" | "SESSION_LOST";

/** The body of the answer. It is sent with status 200 and content type `application/json`. */
export interface RejectionAnswer {
  readonly data: null;
  readonly errors: readonly [
    {
      readonly message: string;
      readonly path: readonly string[];
      readonly extensions: Readonly<Record<string, string>> & { readonly _type: RefusalType };
    },
  ];
}

/**
 * Returns the answer for a request that the guard rejected or ended.
 *
 * @param read The request. Undefined if the rejection came before a request.
 * @returns The answer, or undefined if the error is not an error of the guard.
 */
export function rejectionAnswer(error: unknown, read?: ReadRequest): RejectionAnswer | undefined {
  if (isSessionLostError(error)) {
    return answerOf(error.message, read, { _type: "SESSION_LOST", upstream: ENGINE });
  }
  if (isTimeoutError(error)) {
    const timeoutMs = `${error.timeoutMs}`;
    return answerOf(error.message, read, { _type: "TIMED_OUT", upstream: ENGINE, timeoutMs });
  }
  const rejection = openErrorOf(error);
  if (rejection === undefined) return undefined;
  const { message } = error as Error;
  const { breakerName: upstream, retryAfterMs, reason, isolationReason } = rejection;
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs: `${Math.ceil(retryAfterMs)}` };
  const origin = isSharedCircuitOpenError(rejection) ? originOf(rejection) : {};
  const why = isolationReason === undefined ? { reason } : { reason, isolationReason };
  return answerOf(message, read, { _type: "CIRCUIT_OPEN", upstream, ...why, ...delay, ...origin });
}

/** Returns the known facts about the process that opened or isolated a shared circuit. */
function originOf(rejection: SharedCircuitOpenError): Readonly<Record<string, string>> {
  const { scope, since, until, openedBy, isolatedBy, failure } = rejection;
  return {
    scope,
    since,
    ...(until === null ? {} : { until }),
    ...(isolatedBy === null ? {} : { isolatedBy }),
    ...(openedBy === null ? {} : { openedByHost: openedBy.host }),
    ...(openedBy === null || openedBy.run === null ? {} : { openedByRun: openedBy.run }),
    ...(failure === null ? {} : { rule: failure.rule }),
  };
}

/**
 * Returns the rejection by a circuit: the error itself, or its cause. If too many requests already wait,
 * the cause is the rejection by the circuit for which they wait.
 */
function openErrorOf(error: unknown) {
  if (isCircuitBreakerOpenError(error)) return error;
  const { cause } = isCircuitBreakerError(error) ? error : ({} as Partial<CircuitBreakerError>);
  return isCircuitBreakerOpenError(cause) ? cause : undefined;
}

function answerOf(
  message: string,
  read: ReadRequest | undefined,
  extensions: RejectionAnswer["errors"][0]["extensions"],
): RejectionAnswer {
  const path = pathTo(extensions.upstream, read);
  return { data: null, errors: [{ message, path, extensions }] };
}

/**
 * Returns the path to the field that names an upstream. If no field names the upstream, returns the path to
 * the request's first field.
 */
function pathTo(upstream: string | undefined, read: ReadRequest | undefined): readonly string[] {
  const naming = read?.named.find(({ circuit }) => circuit === upstream);
  if (naming !== undefined) return naming.path;
  return read?.rootField === undefined ? [] : [read.rootField];
}
