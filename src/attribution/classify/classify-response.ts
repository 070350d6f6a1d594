/** Classifies an answer of a session by the package's own rules. */

import type { Failure, FailureContext, SessionResponse } from "../failure.js";
import { DEFAULT_CLASSIFIER } from "./classifier.js";

/**
 * Classifies each error of a session's answer, in order. An answer without errors returns an empty
 * list. It never throws.
 *
 * @param response The answer: `status`, `contentType`, `body` (text, or parsed JSON).
 * @param context `query`: the request. Its hosts help where an error names none.
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
