/** Classifies an answer of a session by the rules of the package. */

import type { Failure, FailureContext, SessionResponse } from "../failure.js";
import { DEFAULT_CLASSIFIER } from "./classifier.js";

/**
 * Classifies each error of a session's answer, in order. Returns an empty list if the request succeeded.
 * Never throws.
 *
 * @param response The answer: `status`, `contentType`, `body` (text, or parsed JSON).
 * @param context Further facts, all optional. `query` is the request. If an error names no host, a host of
 * this request is used.
 * @example
 * ```ts
 * import { classifyResponse } from "dagger-circuit-breaker/attribution";
 *
 * const failures = classifyResponse({ status: 502, body: 'http do: Post "http://dagger/query": EOF' });
 * console.assert(failures[0]?.sessionLost === true);
 * ```
 */
export function classifyResponse(
  response: SessionResponse,
  context: FailureContext = {},
): readonly Failure[] {
  return DEFAULT_CLASSIFIER.classifyResponse(response, context);
}
