import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hasDaggerOutput } from "./dagger-output.js";

interface Recorded {
  readonly id: string;
  readonly stdout: string;
  readonly stderr: string;
}

const commands = readFileSync(
  new URL("../../tests/fixtures/attribution/commands.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): Recorded => JSON.parse(line));

test("recognizes recorded commands that reached an engine by their output", () => {
  const unknown = commands.filter(({ stdout, stderr }) => !hasDaggerOutput(stdout + stderr));
  // A wrong flag ends a command before it reaches an engine.
  expect(new Set(unknown.map(({ id }) => id))).toEqual(new Set(["badcmd"]));
});

const FRONT_ENDS = {
  plain: "1   : connect\n1   : connect DONE [0.0s]\n5   : load workspace: . DONE [3.6s]",
  "plain with ids of spans": "2   : 0ac14677dfaa42d5: ┆ starting engine DONE [0.0s]\n".repeat(2),
  report: '✔ connect 0.1s\n✔ load workspace: . 4.7s\n✘ .pull(ref: "a"): String! 0.6s ERROR',
  "a report of calls alone":
    '$ hello: Hello! 0.0s CACHED\n✘ Container.from(address: "a"): Container! 1m2.0s ERROR',
  dots: "▶ ....X.X\n\n▼ connecting to engine\n14:04:03 INF connected name=engine-1",
  logs: "▼ connecting to engine\n14:06:51 INF connected name=engine-1 client-version=v1.0.0",
  terminal:
    "\u001b[90m▶\u001b[0m \u001b[32m✔\u001b[0m connect \u001b[2m0.0s\u001b[0m\n▼ ⣽ load workspace: . 0.1s",
  silent:
    'Error: failed to resolve image "ghcr.io/a:1" (platform: "linux/amd64"): 429 Too Many Requests',
};

test.each(Object.entries(FRONT_ENDS))("recognizes the front end %s", (_name, text) => {
  expect(hasDaggerOutput(text)).toBe(true);
  const behind = text.replace(/^/gm, "web-1  | ");
  expect(hasDaggerOutput(`make: entering\n${behind}\nmake: *** [test] Error 1\n`)).toBe(true);
});

test.each([
  ["nothing", ""],
  ["a message of a registry", "toomanyrequests: You have reached your pull rate limit. 429"],
  [
    "an error of an SDK",
    "GraphQLRequestError: unexpected status from HEAD request to https://ghcr.io/v2/a: 429",
  ],
  ["a test runner", "✔ connects to the store (12.4ms)\n✘ asks again 0.3s\n✔ connect 1.0ms"],
  ["a list", "1: connect\n2: load\n3: DONE"],
  [
    "buildkit",
    "#5 [1/2] FROM docker.io/library/alpine\n#5 ERROR: 429 Too Many Requests\n#6 DONE 0.1s",
  ],
  ["one line alone", "✔ connect 0.1s"],
  ["a log", "12:00:01 INF listening addr=:80\n12:00:02 ERR failed status=429"],
])("%s is not output of Dagger", (_name, text) => {
  expect(hasDaggerOutput(text)).toBe(false);
});
