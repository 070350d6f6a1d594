/** Rules for failed functions of modules. */

import { CORE_FIELDS, LOAD_FIELD } from "../../query/dagger-fields.js";
import { HTTP_WORDS } from "../../reading/frames.js";
import { COUNTING } from "../../reading/words/vocabulary.js";
import type { AttributionRule, FailureReading } from "../rule.js";

/** Words that the engine adds to the failures of its own calls. */
const ENGINE_FRAMES = ["rpc error", "code = ", "failed to solve", "buildkit", "session"];

/**
 * Matches the beginning of a message about a failed request of the engine: Go's "Get" and "Head", and "POST" of
 * the clients for language models. A "Post" is from the function's own code.
 */
const REQUEST = /\b(?:Get|Head|POST) "https?:/;

/**
 * Returns whether a function's own code reports a failed exchange.
 *
 * If the engine made the exchange for the function, the message contains words of the engine, or an HTTP
 * method before the URL.
 */
function failedByItself(reading: FailureReading): boolean {
  const { facts, use } = reading;
  const [root = ""] = facts.path;
  const isFunction = root !== "" && !CORE_FIELDS.has(root) && !LOAD_FIELD.test(root);
  if (!isFunction) return false;
  if (use === "http") return !reading.has(HTTP_WORDS) && !REQUEST.test(reading.text);
  return use === undefined && !reading.has(ENGINE_FRAMES);
}

export const FUNCTION_RULES: readonly AttributionRule[] = [
  {
    name: "user.function",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The function of a module failed by itself.",
    when: { path: true, outcome: COUNTING, test: failedByItself },
    examples: [
      {
        answer: {
          status: 200,
          body: '{"errors":[{"message":"smoke test failed: got 503 Service Unavailable","path":["hello","deploy"]}]}',
        },
      },
    ],
    seen: "0.21, 1.0",
  },
];
