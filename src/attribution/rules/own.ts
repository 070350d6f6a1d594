/** Rules for what this package itself answers in place of a session. */

import type { AttributionRule } from "./rule.js";

export const OWN_RULES: readonly AttributionRule[] = [
  {
    name: "own.rejected",
    fault: "cancelled",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "A circuit breaker refused the call before it was made.",
    when: [
      { type: ["CIRCUIT_OPEN"] },
      { codes: ["CIRCUIT_OPEN"] },
      { any: ["circuit open: "], matches: /^(?:error: )?circuit open: / },
    ],
    examples: ["circuit open: registry:docker.io, retry in 42s"],
    seen: "dagger-circuit-breaker",
  },
  {
    name: "own.session-lost",
    fault: "engine",
    counts: false,
    transient: false,
    sessionLost: true,
    upstream: "none",
    reason: "The session was lost earlier, which was counted then.",
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
    name: "own.timed-out",
    fault: "unknown",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "Our own time-out ended the call; why it took so long is not known.",
    when: [{ type: ["TIMED_OUT"] }, { codes: ["TIMED_OUT"] }],
    examples: [
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
