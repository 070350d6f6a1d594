// The same failures in the output of each front end of dagger. The source of a line decides which component
// is at fault.
import { expect, test } from "vitest";
import { classifyFailure } from "../classify/classify-failure.js";

const QUAY =
  'failed to resolve image "quay.io/x/y:1": unexpected status from HEAD request to https://quay.io/v2/x/y/manifests/1: 503 Service Unavailable';
const GHCR = QUAY.replaceAll("quay.io", "ghcr.io");
const HTTP_503 = "invalid response status 503 Service Unavailable";

/** The output of each front end for a step that printed these words and passed, followed by a failure. */
const FRONT_ENDS: Readonly<Record<string, (printed: string, failed: string) => string>> = {
  plain: (printed, failed) =>
    `1   : connect\n1   : connect DONE [0.1s]\n\n9   : withExec sh -c x\n9   : [0.1s] | ${printed}\n9   : Container.withExec DONE [0.2s]\n\n10  : Hello.pull ERROR [0.2s]\n10  : ! ${failed}\n\nError: ${failed}\n`,
  "plain, cut before its end": (printed, failed) =>
    `1   : connect\n1   : connect DONE [0.1s]\n\n10  : Hello.pull ERROR [0.2s]\n10  : ! ${failed}\n9   : withExec sh -c x\n9   : [0.1s] | ${printed}\n9   : Container.withExec DONE [0.2s]\n`,
  logs: (printed, failed) =>
    `▼ connecting to engine\n14:07:49 INF connected name=engine-1\n\n▼ withExec sh -c x\n${printed}\n\nError: ${failed}\n`,
  "logs of 1.0": (printed, failed) =>
    `▼ connecting to engine\n14:07:49 INF connected name=engine-1\n\n▼ withExec sh -c x\n${printed}\n\nmore of it\n\nNo workspace config found, inferring from dagger.json.\nError: ${failed}\n`,
  dots: (printed, failed) =>
    `▶ ......\n\n▼ withExec sh -c x\n${printed}\n\n▶ ...XX.X\n\n✔ connect 0.0s\n\n✘ .pull(ref: "x"): String! 0.5s ERROR\n! ${failed}\n\nError: ${failed}\n`,
  "dots of 1.0": (printed, failed) =>
    `▶ ......\n\n▼ withExec sh -c x\n${printed}\n\n▶ ...XX.X\n\nTRACE  ✘ FAILED\npull --ref x  1.1s\n! exit code 1\n! ${failed}\n\n✔ connect 0.0s\n\n✘ .pull(ref: "x"): String! 0.5s ERROR\n! ${failed}\n`,
  report: (printed, failed) =>
    `✔ connect 0.0s\n✔ withExec sh -c x 0.2s\n${printed}\n\nand after an empty line: ${printed}\n✘ .pull(ref: "x"): String! 0.5s ERROR\n! ${failed}\n`,
  "report with its tree": (printed, failed) =>
    `✔ connect 0.4s\n✘ .e2e: Void 8m12s ERROR\n├╴✔ withExec sh -c x 8m3s\n│ ┃ ${printed}\n╰╴✘ .pull: String! 1m2s ERROR\n  ! ${failed}\n\nError: ${failed}\n`,
  "a debugging report": (printed, failed) =>
    `✔ e9961456b5c42e28 connect 0.0s\n✔ 0f1a9902ce89500f withExec sh -c x 1.6s\n${printed}\n\n✘ 2c09096e50efc3a5 Container.from: Container! 0.0s ERROR\n! ${failed}\n14:27:36 DBG executing query query="{pull}"\nError: ${failed}\n14:27:39 DBG got EOF\n`,
  terminal: (printed, failed) =>
    `\u001b[?25l● ⣻ withExec sh -c x 0.1s\r\n${printed}\u001b[2A\r\u001b[2K▼ ⣽ load workspace 0.1s\r\n\u001b[12A\r\u001b[?25h\u001b[32m✔\u001b[0m connect \u001b[2m0.0s\u001b[0m\r\n\u001b[31m✘\u001b[0m .pull(\r\n  ┆ script: "${printed.replaceAll('"', "")}"\r\n  ): String! 0.5s ERROR\r\n! ${failed}\r\n`,
};

test.each(Object.entries(FRONT_ENDS))(
  "%s: output of a step that passed puts no component at fault",
  (_name, print) => {
    for (const printed of [
      QUAY,
      `Error: ${QUAY}`,
      "dial tcp 127.0.0.1:5432: connect: connection refused",
    ]) {
      expect(classifyFailure(print(printed, GHCR), { source: "cli", exitCode: 1 })).toMatchObject({
        fault: "registry",
        upstream: "ghcr.io",
        counts: true,
      });
      expect(
        classifyFailure(print(printed, HTTP_503), { source: "cli", exitCode: 1 }),
      ).toMatchObject({
        fault: "http",
        upstream: null,
        counts: true,
      });
      const missing = 'failed to resolve image "acme/app:1": docker.io/acme/app:1: not found';
      expect(
        classifyFailure(print(printed, missing), { source: "cli", exitCode: 1 }),
      ).toMatchObject({
        fault: "user",
        counts: false,
      });
    }
  },
);

const COMMAND = "withExec sh -c 'exit 1'";
const QUOTED = `Error: ${QUAY}\n! ${QUAY}\n\n${QUAY}\n#9 ERROR: ${QUAY}`;

test.each([
  ["report", `✘ .sh: String! 1.1s ERROR\n✘ ${COMMAND} 0.8s ERROR\n${QUOTED}\n! exit code: 1\n`],
  [
    "report of 1.0",
    `TRACE  ✘ FAILED\nsh --script x  3.2s\n! exit code 1\n! exit code: 1\n\n✘ ${COMMAND} 0.8s ERROR\n${QUOTED}\n! exit code: 1\n`,
  ],
  [
    "report with its tree",
    `✘ .sh: String! 1.1s ERROR\n╰╴✘ ${COMMAND} 0.8s ERROR\n${QUOTED.replace(/^/gm, "  ┃ ")}\n  ! exit code: 1\n`,
  ],
  [
    "logs",
    `▼ connecting to engine\n\n▼ ${COMMAND}\n${QUOTED}\n\nError: exit code: 1\nStderr:\n${QUOTED}\n`,
  ],
  [
    "dots",
    `▶ ....\n\n▼ ${COMMAND}\n${QUOTED}\n\n▶ X\n\n✔ connect 0.0s\n✘ ${COMMAND} 0.8s ERROR\n${QUOTED}\n! exit code: 1\n`,
  ],
])("%s: output of a failed command counts as quoted, in any form", (_name, text) => {
  expect(classifyFailure(text, { source: "cli", exitCode: 1 })).toMatchObject({
    fault: "user",
    counts: false,
    rule: "command.failed",
  });
});

test.each([
  [
    "the call that failed",
    `✘ http(url: "https://files.example.com/a"): File! 0.0s ERROR\n! ${HTTP_503}\n`,
  ],
  [
    "a call of a function",
    `✘ .fetch(script: "curl https://quay.io", url: "https://files.example.com/a"): String! 0.6s ERROR\n! ${HTTP_503}\n\nError: ${HTTP_503}\n`,
  ],
  [
    "a call around it",
    `TRACE  ✘ FAILED\ndagger query  0.1s\n! make request: input: http ${HTTP_503}\n\n✔ connect 0.1s\n\n✘ http(url: "https://files.example.com/a"): File! 0.0s ERROR\n✘ HTTPState._resolve(name: "a"): File! 0.0s ERROR\n! ${HTTP_503}\n`,
  ],
  [
    "the way to it",
    `✘ .fetch: String! 1.0s ERROR\n┇ http(url: "https://files.example.com/a") › \n✘ HTTPState._resolve(name: "a"): File! 0.0s ERROR\n! ${HTTP_503}\n`,
  ],
])("a failure without a host gets the host of %s", (_what, text) => {
  expect(classifyFailure(text, { source: "cli", exitCode: 1 })).toMatchObject({
    fault: "http",
    upstream: "files.example.com",
  });
});

test("joins a reason that a terminal wrapped", () => {
  const text = `✘ .pull: String! 0.5s ERROR\n! failed to resolve image "docker.io/a/b:1" (platform: "linux/amd64"): unexpected status from HEAD request to\n  https://registry-1.docker.io/v2/a/b/manifests/1: 429 Too Many Requests\n`;
  expect(classifyFailure(text)).toMatchObject({ upstream: "registry-1.docker.io", limited: true });
});

test("a line of another program with the same signs is not a step", () => {
  const text = " ✘ Image public.ecr.aws/a/b:1      Error toomanyrequests: Rate exceeded";
  expect(classifyFailure(text)).toMatchObject({ fault: "registry", limited: true });
});
