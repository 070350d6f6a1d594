/** Rules for errors that this package's guard returns instead of an answer of the session. */

import { mentionsGuardTimeout, rejectionInWords } from "../reading/own-words.js";
import type { AttributionRule } from "./rule.js";

/** The name of the rule for a request that a circuit rejected. */
export const OWN_REJECTED = "own.rejected";
/** The name of the rule for a request that a timeout of the guard ended. */
export const OWN_TIMED_OUT = "own.timed-out";
/** The name of the rule for a request that was sent after its session was lost. */
export const OWN_SESSION_LOST = "own.session-lost";

export const OWN_RULES: readonly AttributionRule[] = [
  {
    name: OWN_REJECTED,
    fault: "cancelled",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "A circuit breaker rejected the call before it was made.",
    when: [
      { type: ["CIRCUIT_OPEN"] },
      { codes: ["CIRCUIT_OPEN"] },
      { any: ["circuit open: "], matches: /^(?:error: )?circuit open: / },
      {
        matches: /circuit (?:open|half-open|isolated): /,
        test: ({ text }) => rejectionInWords(text) !== undefined,
      },
    ],
    examples: [
      "circuit open: registry:docker.io, retry in 42s",
      "input: container.from circuit isolated: git:github.com, maintenance",
    ],
    seen: "dagger-circuit-breaker",
  },
  {
    name: OWN_SESSION_LOST,
    fault: "engine",
    counts: false,
    transient: false,
    sessionLost: true,
    upstream: "none",
    reason: "The session was lost earlier, and the loss is already counted.",
    when: [{ type: ["SESSION_LOST"] }, { codes: ["SESSION_LOST"] }],
    examples: [
      {
        answer: {
          status: 200,
          body: '{"data":null,"errors":[{"message":"x","extensions":{"_type":"SESSION_LOST"}}]}',
        },
      },
    ],
    seen: "dagger-circuit-breaker",
  },
  {
    name: OWN_TIMED_OUT,
    fault: "unknown",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "Our own timeout ended the call; the reason for the delay is unknown.",
    when: [
      { type: ["TIMED_OUT"] },
      { codes: ["TIMED_OUT"] },
      { matches: /timed out after [1-9]/, test: ({ text }) => mentionsGuardTimeout(text) },
    ],
    examples: [
      "GraphQLRequestError: timed out after 4000 ms",
      {
        answer: {
          status: 200,
          body: '{"data":null,"errors":[{"message":"x","extensions":{"_type":"TIMED_OUT"}}]}',
        },
      },
    ],
    seen: "dagger-circuit-breaker",
  },
];
