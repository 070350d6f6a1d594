/** Rules without words. They use the HTTP status, the exit code, or the origin of the text. */

import type { AttributionRule, FailureReading } from "./rule.js";

const within = (low: number, high: number) => (reading: FailureReading) => {
  const { status } = reading.facts;
  return status !== undefined && status >= low && status <= high;
};

/**
 * Rules for answers of a session that are not GraphQL. The HTTP status decides.
 *
 * These rules also apply to a GraphQL error in an answer with an error status, if no other rule matches the
 * error.
 */
export const RESPONSE_RULES: readonly AttributionRule[] = [
  {
    name: "response.unauthorized",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The session did not accept the token.",
    when: { status: [401, 403] },
    examples: [{ answer: { status: 401, contentType: null, body: "" } }],
    seen: "0.15 to 0.21",
  },
  {
    name: "response.rejected",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The session did not accept the request (4xx).",
    when: within(400, 499),
    examples: [{ answer: { status: 418, body: "" } }],
    seen: "0.15 to 0.21",
  },
  {
    name: "response.engine-error",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The session answered with a server error (5xx).",
    when: within(500, 599),
    examples: [
      { answer: { status: 500, contentType: "text/plain", body: "no luck" } },
      { answer: { status: 502, contentType: "text/html", body: "<h1>502 Bad Gateway</h1>" } },
    ],
    seen: "0.15 to 0.21",
  },
];

/** The rule for an answer with a success status whose body is cut off or is not GraphQL. */
export const UNREADABLE: AttributionRule = {
  name: "response.unreadable",
  fault: "engine",
  counts: true,
  transient: true,
  upstream: "none",
  reason: "The session's answer was cut off or is not GraphQL.",
  when: () => false,
  examples: [
    { answer: { status: 200, body: '{"data":{"container":{"fr' } },
    { answer: { status: 200, body: "" } },
    { answer: { status: 200, body: "[]" } },
  ],
  seen: "0.15 to 0.21",
};

/**
 * The rule for output of a step that no other rule matches. Such output counts as output of a command of the
 * pipeline.
 */
export const STEP_OUTPUT: AttributionRule = {
  name: "user.step-output",
  fault: "user",
  counts: false,
  transient: false,
  upstream: "none",
  reason: "The text contains only output of a command of the pipeline.",
  when: () => false,
  examples: ["#16 4.914 tar: Exiting with failure status due to previous errors"],
  seen: "buildkit",
};

/**
 * The rule for an exit code above 1. `dagger` exits with the code of a failed command of the pipeline, and
 * with 1 after any other failure.
 */
export const EXIT_CODE: AttributionRule = {
  name: "command.exit-code",
  fault: "user",
  counts: false,
  transient: false,
  upstream: "none",
  reason: "The dagger command ended with the exit code of a command of the pipeline.",
  when: () => false,
  examples: [{ text: "1   : connect DONE [0.0s]", context: { source: "cli", exitCode: 9 } }],
  seen: "0.19, 0.21",
};

/** The rule for a failure that no other rule matches. */
export const UNKNOWN: AttributionRule = {
  name: "unknown",
  fault: "unknown",
  counts: false,
  transient: false,
  upstream: "none",
  reason: "Nothing in the text identifies the component at fault.",
  when: () => false,
  examples: [
    "Encountered an unknown error while requesting data via graphql",
    "GraphQLRequestError: API Error",
  ],
  seen: "all SDKs",
};

/**
 * All rules of this file, for the documentation. The classifier applies each of these rules at a different
 * point.
 */
export const FALLBACK_RULES: readonly AttributionRule[] = Object.freeze([
  STEP_OUTPUT,
  EXIT_CODE,
  ...RESPONSE_RULES,
  UNREADABLE,
  UNKNOWN,
]);
