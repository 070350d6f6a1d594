/**
 * Rules for mistakes in the pipeline, such as `not allowed`. They are tried last, because their words are
 * common.
 */

import { COUNTING } from "../../reading/words/vocabulary.js";
import type { AttributionRule } from "../rule.js";
import { MISTAKE_WORDS } from "./mistake-words.js";

/** Texts with one of these words come from the engine or a registry, so the pipeline made no mistake. */
const ENGINE_CODES = ["://registry", "rpc error: code = internal", "rpc error: code = unavailable"];

export const MISTAKE_RULES: readonly AttributionRule[] = [
  {
    name: "user.download",
    fault: "user",
    counts: false,
    transient: false,
    reason: "This release of the CLI does not exist.",
    when: {
      any: ["failed to find checksum", "failed to download dagger cli binary"],
      matches: /checksum|unsupported|not supported/,
    },
    examples: ["failed to download dagger cli binary: Error: unsupported platform sunos"],
    seen: "TypeScript, Python",
  },
  {
    name: "user.module",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "A module, its code or its configuration is wrong.",
    when: [
      {
        any: MISTAKE_WORDS,
        none: ENGINE_CODES,
      },
      // Words such as "must not" or "expected" count only if no exchange failed.
      {
        any: [" not ", "n't ", "expected "],
        outcome: ["none", "missing"],
        matches:
          /\b(?:should|must|may|can|could|does|do|is|are|was|has|did)(?: not|n't) |\bexpected /,
        test: ({ use }) => use !== "engine",
      },
      // Matches an unknown name, but not an unknown error, status or gRPC code.
      {
        any: ["unknown "],
        none: ENGINE_CODES,
        matches: /\bunknown (?!error|desc|exception|failure|status|reason|cause|issue)[a-z"]/,
      },
    ],
    examples: [
      'module "depA" has a circular dependency on itself through dependency "depC"',
      "stat /nope: no such file or directory",
      'unknown command "test" for "dagger call"',
    ],
    seen: "0.3 to 0.21",
  },
  {
    name: "user.answered",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "The engine answered correctly, and the text names no other cause.",
    when: [
      { path: true, outcome: ["none"] },
      { outcome: ["none"], matches: /^(?:error: )?failed to solve: /m },
    ],
    examples: [
      {
        answer: {
          status: 200,
          body: '{"errors":[{"message":"the answer is 42","path":["hello","ask"]}]}',
        },
      },
    ],
    seen: "0.15 to 0.21",
  },
  {
    name: "user.access",
    fault: "user",
    counts: false,
    transient: false,
    reason: "Access was refused, or a name is unknown.",
    when: { outcome: ["denied", "missing", "rejected", "unasked", "untrusted-certificate"] },
    examples: [
      "denied: permission_denied: write_package",
      "authorization status: 401: authorization failed",
    ],
    seen: "docker, buildkit, dagger",
  },
  {
    // The engine reports its own exchanges in words that an earlier rule knows.
    name: "user.program",
    fault: "user",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "A program of the pipeline reports that its own request failed.",
    when: {
      bare: true,
      outcome: COUNTING,
      matches: /\bhttps?:\/\//,
      test: ({ use }) => use === undefined || use === "http",
    },
    examples: [
      'error An unexpected error occurred: "https://packages.example.com/he-1.2.0.tgz: Request failed "503 Service Unavailable"".',
    ],
    seen: "yarn, conda, terraform and the like",
  },
  {
    name: "user.step",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "A command of the pipeline was running, and the text names no other cause.",
    when: { operation: ["withExec"], matches: /\S/ },
    examples: [{ text: "coverage 61 %, threshold 80 %", context: { operation: "withExec" } }],
    seen: "all",
  },
];
