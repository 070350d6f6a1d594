/** Rules for hosts: one rule for each kind of host and each outcome of an exchange. */

import type { Fault, UpstreamKind } from "../../failure.js";
import type { WordedOutcome } from "../../reading/words/vocabulary.js";
import type { AttributionRule } from "../rule.js";
import { CLOUD, type Ended, type Examples, GIT, HTTP, REGISTRY } from "./upstream-examples.js";

interface OutcomeMeaning {
  /** The component at fault. `"upstream"` stands for the kind of host: registry, git, http or cloud. */
  readonly fault: "upstream" | "user" | "cancelled";
  readonly counts: boolean;
  readonly transient: boolean;
  readonly limited?: true;
  readonly answered?: true;
  readonly reason: string;
}

/**
 * The meaning of each outcome. `SUBJECT` is put before each `reason`, as in "The registry did not answer in
 * time."
 */
const MEANINGS: Readonly<Record<Ended, OutcomeMeaning>> = {
  limited: {
    fault: "upstream",
    counts: true,
    transient: true,
    limited: true,
    reason: "limits the rate of requests.",
  },
  "server-error": {
    fault: "upstream",
    counts: true,
    transient: true,
    reason: "answered with a server error (5xx).",
  },
  timeout: { fault: "upstream", counts: true, transient: true, reason: "did not answer in time." },
  unreachable: {
    fault: "upstream",
    counts: true,
    transient: true,
    reason: "could not be reached: its name was not found or it took no connection.",
  },
  interrupted: {
    fault: "upstream",
    counts: true,
    transient: true,
    reason: "broke off the connection.",
  },
  "expired-certificate": {
    fault: "upstream",
    counts: false,
    transient: false,
    reason: "has a certificate that is expired or not yet valid.",
  },
  "untrusted-certificate": {
    fault: "user",
    counts: false,
    transient: false,
    reason: "has a certificate that is not trusted here, or a TLS setting that does not match.",
  },
  denied: {
    fault: "user",
    counts: false,
    transient: false,
    answered: true,
    reason: "refused the credentials, or asked for some.",
  },
  missing: {
    fault: "user",
    counts: false,
    transient: false,
    answered: true,
    reason: "does not have what was asked for.",
  },
  rejected: {
    fault: "user",
    counts: false,
    transient: false,
    answered: true,
    reason: "did not accept the request (4xx).",
  },
  unasked: {
    fault: "user",
    counts: false,
    transient: false,
    reason: "was not asked: its address cannot be used from here.",
  },
};

/** Go's messages about a body that is not JSON, or is only the beginning of JSON. */
const UNREADABLE_JSON = [
  "looking for beginning of",
  "invalid character '",
  "unexpected end of json input",
  "cannot unmarshal",
];

const SUBJECT: Readonly<Record<UpstreamKind | "cloud", string>> = {
  registry: "The registry",
  git: "The git host",
  http: "The HTTP server",
  cloud: "The cache or telemetry service",
};

function rulesOf(
  kind: UpstreamKind | "cloud",
  seen: string,
  examples: Examples,
): AttributionRule[] {
  return Object.entries(MEANINGS).map(([outcome, meaning]) => {
    const { fault, reason, ...rest } = meaning;
    return {
      name: `${kind}.${outcome}`,
      fault: fault === "upstream" ? (kind satisfies Fault) : fault,
      ...rest,
      reason: `${SUBJECT[kind]} ${reason}`,
      when: { use: kind, outcome: [outcome as WordedOutcome] },
      examples: examples[outcome as keyof typeof MEANINGS],
      seen,
    };
  });
}

export const UPSTREAM_RULES: readonly AttributionRule[] = [
  {
    name: "registry.upload-lost",
    fault: "registry",
    counts: false,
    transient: true,
    reason: "The registry lost an upload that was under way.",
    when: [
      { any: ["failed commit on ref"], outcome: ["missing"] },
      {
        any: [
          "unknown blob",
          "blob upload unknown",
          "blob_upload_unknown",
          "blob upload invalid",
          "blob_upload_invalid",
        ],
      },
    ],
    examples: [
      'failed commit on ref "config-sha256:f7ff": unexpected status: 404 Not Found',
      "unknown blob",
    ],
    seen: "buildkit, docker",
  },
  {
    // The answer is a page of a proxy, or the login page of a network. Such an answer does not show the state
    // of the registry.
    name: "registry.unreadable",
    fault: "registry",
    counts: false,
    transient: true,
    reason: "The registry sent neither a manifest nor an index.",
    when: [
      {
        use: "registry",
        any: ["media type", "mediatype"],
        matches:
          /media ?type[: "']{0,4}(?:(?:text|image|audio|video)\/|application\/(?:xhtml|xml|octet-stream|problem)|$)/m,
      },
      {
        use: "registry",
        any: UNREADABLE_JSON,
        none: ["config.json", "auth.json", ".docker/", "dns message", "error parsing http"],
      },
      { any: ["did not include a token in the response"] },
    ],
    examples: [
      'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): unsupported descriptor media type text/html',
      'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): invalid character \'<\' looking for beginning of value',
    ],
    seen: "0.21, 1.0",
  },
  {
    name: "git.unreadable",
    fault: "git",
    counts: false,
    transient: true,
    reason: "The git host did not answer like a git server.",
    when: {
      any: [
        "not valid: is this a git repository",
        "invalid pkt-len",
        "invalid pkt-line",
        "malformed pkt-line",
        "bad line length character: <",
      ],
    },
    examples: [
      "fatal: https://github.com/acme/lib/info/refs not valid: is this a git repository?",
      "unexpected client error: invalid pkt-len found",
    ],
    seen: "git, go-git",
  },
  {
    name: "cloud.range",
    fault: "cloud",
    counts: false,
    transient: true,
    reason: "A cache contains a wrong entry.",
    when: {
      any: ["status"],
      use: "cloud",
      matches: /status (?:response |code:? )?(?:416|412|409)/,
    },
    examples: [
      {
        text: "failed to copy: invalid status response 416 The range specified is invalid for the current size of the resource. for https://acct.blob.core.windows.net/c/d?sv=1",
        context: { operation: "cache" },
      },
    ],
    seen: "buildkit",
  },
  {
    name: "cloud.reservation",
    fault: "cloud",
    counts: true,
    transient: true,
    reason: "The cache service did not take a reservation.",
    when: { any: ["failed to reserve cache", "unable to reserve cache", "reservecache failed"] },
    examples: ["error writing layer blob: failed to reserve cache"],
    seen: "buildkit",
  },
  ...rulesOf("registry", "containerd, docker, 0.3 to 0.21", REGISTRY),
  ...rulesOf("git", "git, go-git, ssh, 0.3 to 0.21", GIT),
  ...rulesOf("http", "Go, 0.3 to 0.21", HTTP),
  ...rulesOf("cloud", "buildkit, dagger", CLOUD),
];
