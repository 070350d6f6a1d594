/** Rules for messages of tools that commands run: npm, pip, apt, curl and the like. */

import { OWN_HTTP_WORDS } from "../../reading/frames.js";
import type { AttributionRule, FailureReading } from "../rule.js";

/** Words of the engine's own exchanges. A text with such a word is not from a tool. */
const ENGINE_FRAMES = [
  "failed to do request",
  "failed to solve: failed to",
  "failed to resolve source metadata",
  "failed to resolve image",
  "failed to copy: ",
  "failed to authorize",
  "failed to fetch remote",
  "failed to load cache key",
  "error response from daemon",
  "failed to push ",
  "toomanyrequests",
  'unexpected requesting "',
];

/**
 * Matches a line in which the engine, its CLI or a module reports a failed request. Before the request stand
 * only signs, and words that Dagger puts there, such as `path "ci/app": ` of its client for Vault. Words of a
 * program, such as "cluster unreachable: ", do not.
 */
const OWN_REQUEST =
  /^[^\w\n]{0,64}(?:(?:#[0-9]{1,6} )?(?:error|panic|http|llm error|dagger[ \w]{0,20}|path "[^"\n]{0,200}"): |(?:make request: )?input: [\w.]{1,200} |failed to (?:solve|load cache key|compute cache key|call function "[^"\n]{0,200}"): ){0,6}(?:get|head|post|put|patch|delete) "[a-z]{1,16}:/m;

/** Operations in which a program of the pipeline may have made the exchange. */
const NOT_ENGINES: ReadonlySet<string | undefined> = new Set([undefined, "withExec", "unknown"]);

/**
 * Returns whether a program of the pipeline reports a failed HTTP exchange. The engine has few words for its
 * own exchanges, and programs have countless, so only the engine's are listed.
 */
function isForeign(reading: FailureReading): boolean {
  return (
    NOT_ENGINES.has(reading.facts.operation) &&
    !reading.has(OWN_HTTP_WORDS) &&
    !OWN_REQUEST.test(reading.lower)
  );
}

/** Matches a line of a stack trace in an installed library of Python, Node or Ruby. */
const STACK_OF_LIBRARY =
  /\/(?:site-packages|dist-packages|node_modules|gems)\/[^\s"':]{1,300}\.(?:py|rb|[cm]?[jt]s)(?::|", line )[0-9]/;

export const TOOL_RULES: readonly AttributionRule[] = [
  {
    name: "user.tool-output",
    fault: "user",
    counts: false,
    transient: true,
    upstream: "none",
    reason: "The text is from a tool that a command of the pipeline ran, not from the engine.",
    when: [
      {
        any: [
          "npm err!",
          "npm error ",
          "npm warn ",
          "yarn error",
          "err_pnpm",
          "pip._vendor",
          "pip install",
          "could not find a version that satisfies",
          "temporary failure resolving '",
          "err:1 http",
          "httpsconnectionpool(",
          "could not transfer artifact",
          "could not resolve all files for configuration",
          "failed to execute goal ",
          "execution failed for task ",
          "spurious network error",
          "wget: ",
          "bundler::",
          "gem::",
          "composer\\",
          "curl: (",
          "apk add",
          "apt-get ",
          "warning: fetching https://dl-cdn",
          "unable to select packages",
          "go: downloading",
          "downloading package manifest",
          "http request sent, awaiting response",
          "did you specify the right host or port",
          // The command lines of cloud providers.
          "an error occurred (",
          "error: (gcloud.",
        ],
        none: [...ENGINE_FRAMES, "dl.dagger.io"],
      },
      // The stack of a program that has nothing to do with Dagger.
      {
        bare: true,
        none: ENGINE_FRAMES,
        matches: STACK_OF_LIBRARY,
        test: ({ lower, use }) => use !== "cloud" && use !== "engine" && !lower.includes("dagger"),
      },
      {
        any: ["proxy.golang.org", "@v"],
        none: ENGINE_FRAMES,
        matches: /(?:^|[\n ])go: [^\n]{1,400}@v[0-9]/,
      },
      // Lines of apt.
      {
        any: ["failed to fetch", "unable to", "some index files"],
        none: ENGINE_FRAMES,
        matches: /^\W{0,8}(?:[ew]|err:[0-9]{1,4}): (?:failed to fetch|unable to|some index files)/m,
      },
      { bare: true, use: "http", none: ENGINE_FRAMES, test: isForeign },
      // Programs that use ssh without git.
      {
        bare: true,
        any: ["rsync: ", "rsync error", "scp: ", "sftp: ", "via ssh: ", "lost connection"],
        none: ["git error", "could not read from remote repository"],
      },
      // The words of programs that read a registry with the library of crane. The engine has its own.
      {
        bare: true,
        operation: ["withExec"],
        use: "registry",
        matches: /\b(?:get|head|post|put|patch) https:\/\/\S{1,500}: [a-z_]{1,40}: /,
      },
      {
        bare: true,
        operation: ["withExec"],
        any: ["error response from daemon", "docker: ", "the push refers to "],
      },
      { bare: true, operation: ["withExec"], use: "git", none: [...ENGINE_FRAMES, "git error"] },
      {
        bare: true,
        operation: ["withExec"],
        matches: /fork\/exec |executable file not found|permission denied|exit status [0-9]/,
        none: ENGINE_FRAMES,
      },
    ],
    examples: [
      "Err:1 http://apt.example.org/debian bookworm InRelease\n  Temporary failure resolving 'apt.example.org'\nE: Unable to locate package libcap2-bin",
      "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='files.py.example', port=443): Read timed out.",
      'Error: cluster unreachable: Get "https://10.0.0.1:6443/version": dial tcp 10.0.0.1:6443: i/o timeout',
    ],
    seen: "npm, pip, apt, curl and the like",
  },
];
