/** Rules for failed functions of modules. */

import { CORE_FIELDS, LOAD_FIELD } from "../../query/dagger-fields.js";
import { HTTP_WORDS } from "../../reading/frames.js";
import type { WordedOutcome } from "../../reading/words/vocabulary.js";
import type { AttributionRule, FailureReading } from "../rule.js";

/** Words that the engine adds to the failures of its own calls. */
const ENGINE_FRAMES = ["rpc error", "code = ", "failed to solve", "buildkit", "session"];

/** Outcomes that count against the host of an exchange. */
const COUNTING: readonly WordedOutcome[] = [
  "limited",
  "server-error",
  "timeout",
  "unreachable",
  "interrupted",
  "deadline",
];

/** Matches the beginning of a message about a failed request in Go clients, including the engine. */
const REQUEST = /\b(?:get|head|post|put|patch|delete) "https?:/;

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
  if (use === "http") return !reading.has(HTTP_WORDS) && !REQUEST.test(reading.lower);
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
