/** Rules for messages of tools that commands run: npm, pip, apt, curl and the like. */

import type { AttributionRule } from "../rule.js";

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
        ],
        none: [...ENGINE_FRAMES, "dl.dagger.io"],
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
      {
        bare: true,
        operation: ["withExec"],
        use: "http",
        none: [...ENGINE_FRAMES, "invalid response status", "file write failed"],
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
    ],
    seen: "npm, pip, apt, curl and the like",
  },
];
