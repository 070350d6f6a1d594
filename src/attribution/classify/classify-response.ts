/** Classifies an answer of a session by the package's own rules. */

import type { Failure, FailureContext, SessionResponse } from "../failure.js";
import { DEFAULT_CLASSIFIER } from "./classifier.js";

/**
 * Tells whose fault each error of a session's answer is: one entry per error, in their order.
 * An answer that worked gives an empty list. It never throws.
 *
 * @param response The answer: `status`, `contentType`, `body` (text, or the parsed JSON).
 * @param context `query`: the request, whose hosts help where an error names none.
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
