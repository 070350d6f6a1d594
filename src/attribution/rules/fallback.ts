/** Rules for the case that no words match: they use the status, the exit code or the place. */

import type { AttributionRule, FailureReading } from "./rule.js";

const within = (low: number, high: number) => (reading: FailureReading) => {
  const { status } = reading.facts;
  return status !== undefined && status >= low && status <= high;
};

/**
 * For answers of a session that are not GraphQL, and for errors in an answer with such a status.
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

/** The status reports success, but the body cannot be read. */
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

/** Without other words, the output of a step belongs to its command. */
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

/** A `dagger` command exits with the code of the failed step, and with 1 for everything else. */
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

/** The result if no rule matches. */
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

/** All of these rules, for the documentation. The classifier uses each at its own point. */
export const FALLBACK_RULES: readonly AttributionRule[] = Object.freeze([
  STEP_OUTPUT,
  EXIT_CODE,
  ...RESPONSE_RULES,
  UNREADABLE,
  UNKNOWN,
]);
