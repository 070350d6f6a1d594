/** Rules for failures without a host: gRPC codes alone, cancellations, git's exit code. */

import { PROVIDER_WORDS } from "../reading/frames.js";
import type { AttributionRule, FailureReading } from "./rule.js";

/** The name of the rule for a git command that failed without a message. The log may contain the cause. */
export const BARE_GIT = "git.exit-128";

/** Returns false if git ran twice, and the second run ended at a deadline. */
function namesNoCause({ outcome }: FailureReading): boolean {
  return outcome !== "deadline";
}

/** Rules that are tried before `CONNECT_LAST_RULES`. */
export const REST_RULES: readonly AttributionRule[] = [
  {
    name: "http.bad-release",
    fault: "http",
    counts: false,
    transient: true,
    reason: "A download did not have the checksum that its server states.",
    when: { any: ["did not verify", "hash_sha256_verify"] },
    examples: [
      "hash_sha256_verify checksum for '/tmp/dagger.tar.gz' did not verify af127db vs cdeff0b",
    ],
    seen: "install script",
  },
  {
    name: BARE_GIT,
    fault: "git",
    counts: false,
    transient: false,
    reason: "Git failed and gave no reason.",
    when: [
      { any: ["git error: exit status", "git command failed"], test: namesNoCause },
      {
        any: ["fetch remote "],
        matches: /fetch remote [^\n]{1,400}: exit status [0-9]{1,3}/,
        test: namesNoCause,
      },
      { use: "git", matches: /exit (?:status|code):? ?(?:128|1)\b/, test: namesNoCause },
    ],
    examples: [
      "git error: exit status 128",
      "failed to fetch remote git@github.com:acme/lib.git: exit status 1",
    ],
    seen: "0.3 to 0.21",
  },
  {
    name: "registry.deadline",
    fault: "registry",
    counts: true,
    transient: true,
    reason: "The registry did not answer in time.",
    when: { use: "registry", outcome: ["deadline"], matches: /:\/\// },
    examples: [
      'failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": context deadline exceeded',
    ],
    seen: "containerd",
  },
];

/** The rule for a cancellation, whatever words the engine prints before the cancellation. */
export const CANCELLED: AttributionRule = {
  name: "rest.cancelled",
  fault: "cancelled",
  counts: false,
  transient: true,
  upstream: "none",
  reason: "A person or a program stopped the call.",
  when: [
    { names: ["AbortError"] },
    { codes: ["ABORT_ERR"] },
    {
      any: [
        "context canceled",
        "context cancelled",
        "aborterror",
        "was aborted",
        "user aborted",
        "operation was canceled",
        "operation was cancelled",
        "signal: interrupt",
        "received interrupt",
        "keyboardinterrupt",
        "cancellederror",
        "taskcanceledexception",
        "cancellationexception",
        "signal: terminated",
      ],
    },
    // Go's words for a caller that gave up. If a timeout is named after them, the outcome is not canceled.
    { any: ["net/http: request canceled"], outcome: ["cancelled"] },
    {
      any: ["canceled", "cancelled"],
      matches: /(?:^|\n|[:=] |# ?[0-9]{1,6} )cancell?ed(?:$|["'}\n]|[:. ])/,
    },
  ],
  examples: [
    "failed to solve: Canceled: context canceled",
    "AbortError: This operation was aborted",
    "failed to fetch remote https://github.com/acme/lib: context completed: context canceled",
  ],
  seen: "all",
};

export const LAST_RULES: readonly AttributionRule[] = [
  CANCELLED,
  {
    name: "git.deadline",
    fault: "git",
    counts: true,
    transient: true,
    reason: "The git host did not answer in time.",
    when: [
      { use: "git", outcome: ["deadline"] },
      { operation: ["git"], outcome: ["deadline", "timeout"] },
    ],
    examples: [
      { text: "context deadline exceeded", context: { operation: "git" } },
      "failed to fetch remote https://github.com/acme/lib: context deadline exceeded",
      'load git remote "https://github.com/acme/ci": remote git repository "https://github.com/acme/ci": git error: context deadline exceeded',
    ],
    seen: "buildkit",
  },
  {
    name: "http.deadline",
    fault: "http",
    counts: true,
    transient: true,
    reason: "The HTTP server did not answer in time.",
    when: [
      { use: "http", outcome: ["deadline"], test: ({ host }) => host !== null },
      { use: "http", outcome: ["deadline"], any: PROVIDER_WORDS },
    ],
    examples: ['Get "https://files.example.com/tool.tgz": context deadline exceeded'],
    seen: "Go",
  },
  {
    name: "cloud.deadline",
    fault: "cloud",
    counts: true,
    transient: true,
    reason: "The cache or telemetry service did not answer in time.",
    when: { use: "cloud", outcome: ["deadline"] },
    examples: ["failed to emit telemetry: traces export: context deadline exceeded"],
    seen: "0.9 to 0.21",
  },
  {
    name: "engine.deadline",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The engine did not finish in time, and no host is named.",
    when: [
      { outcome: ["deadline"], test: ({ facts }) => facts.operation !== "withExec" },
      {
        outcome: ["deadline"],
        matches: /failed to solve|rpc error|did not complete|deadlineexceeded/,
      },
      // The engine waited in vain for itself: "timeout" is the frame, and the deadline the cause.
      { any: ["waiting for tunnel to stop"], outcome: ["timeout", "deadline"] },
    ],
    examples: ["ERROR: failed to solve: DeadlineExceeded: context deadline exceeded"],
    seen: "buildkit, 0.3 to 0.21",
  },
  {
    name: "engine.grpc",
    fault: "engine",
    counts: true,
    transient: true,
    upstream: "none",
    reason: "The engine's own gRPC calls failed.",
    when: [
      { any: ["code = "], matches: /code = (?:unavailable|internal|aborted|dataloss)\b/ },
      {
        any: ["unavailable: ", "internal: ", "aborted: "],
        matches:
          /(?:failed to solve|failed to build|failed to receive status|failed to get status): (?:unavailable|internal|aborted): /,
      },
      { use: "engine" },
      { any: ["/query failed"] },
      {
        any: ["moby.buildkit.v1."],
        test: ({ outcome }) =>
          outcome !== "denied" && outcome !== "missing" && outcome !== "rejected",
      },
    ],
    examples: [
      "rpc error: code = Internal desc = stream error",
      "failed to solve: Unavailable: closing",
    ],
    seen: "buildkit, 0.3 to 0.21",
  },
];
