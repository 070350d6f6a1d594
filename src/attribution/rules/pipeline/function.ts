/** Rules for the functions of modules. */

import { isFunctionField } from "../../query/dagger-fields.js";
import { HTTP_WORDS } from "../../reading/frames.js";
import type { Outcome } from "../../reading/words/vocabulary.js";
import type { AttributionRule, FailureReading } from "../rule.js";

/** How the engine frames what its own calls failed with. */
const ENGINE_FRAMES = ["rpc error", "code = ", "failed to solve", "buildkit", "session"];

/** How exchanges end that would count against a host. */
const COUNTING: ReadonlySet<Outcome | undefined> = new Set([
  "limited",
  "server-error",
  "timeout",
  "unreachable",
  "interrupted",
  "deadline",
]);

/** How Go's clients, the engine's among them, begin what they say of a request. */
const REQUEST = /\b(?:get|head|post|put|patch|delete) "https?:/;

/**
 * Whether a function tells of an exchange that nothing shows to be the engine's. What the engine did for
 * a function comes through in the engine's own words, and those name a URL only with its verb.
 */
function failedByItself(reading: FailureReading): boolean {
  const { facts, outcome, use } = reading;
  const [root = ""] = facts.path;
  if (root === "" || !isFunctionField(root) || !COUNTING.has(outcome)) return false;
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
    reason: "The function of a module failed by what it did itself.",
    when: failedByItself,
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
