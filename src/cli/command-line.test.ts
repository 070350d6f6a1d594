import { existsSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { run } from "./command-line.js";

async function output(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exitCode = await run(args, { stdin, stdout, stderr, env });
  return { exitCode, stdout: stdout.read(), stderr: String(stderr.read()) };
}

test.each([
  [["pin"]],
  [["pin", "Dockerfile", "--check", "--json"]],
  [["pin", "--help"]],
  [["help", "pin"]],
])("%j names the replacement of a removed command", async (args) => {
  const { exitCode, stdout, stderr } = await output(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: null });
  expect(stderr).toMatch(/^error: .*"pin".*Renovate.*dagger\.lock/);
  const [page = "none"] = /docs\/\w+\.md/.exec(stderr) ?? [];
  expect(existsSync(new URL(`../../${page}`, import.meta.url))).toBe(true);
});

test("a removed command is in no help", async () => {
  const { exitCode, stdout } = await output(["--help"]);
  expect(exitCode).toBe(0);
  expect(String(stdout)).not.toMatch(/^ {2}pin\b/m);
});

test.each([
  [
    ["--store", "redis://u:hunter2@:99999"],
    /the URL of Redis is malformed, expected redis:\/\/HOST/,
  ],
  [["--store", "redis://cache.example:99999"], /is malformed, expected redis:\/\/HOST\[:PORT\]/],
  [["--store", "https://fleet.example"], /^error: DAGGER_BREAKER_STORE_TOKEN has 7 characters;/],
  [["--store", "https://u:hunter2@h.example"], /put the token into DAGGER_BREAKER_STORE_TOKEN$/m],
])("hides a secret in an error about %j, and nothing else of it", async (args, message) => {
  const { exitCode, stderr } = await output(["status", ...args], {
    DAGGER_BREAKER_STORE_TOKEN: "hunter2",
  });
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/hunter2|\*\*\*/);
});

test.each([
  [["version"], /unknown command "version" \(did you mean --version\?\)/],
  [
    ["run", "--timout", "1s"],
    /^error: unknown option --timout \(did you mean --timeout\?\)\nsee: /,
  ],
  [["run", "--retry", "--", "true"], /^error: --retry has no value; use --retry <n>\n/],
  [["classify", "a", "b"], /^error: too many arguments: expected at most 1, got 2\n/],
  [["isolate", "x"], /^error: --reason and --for are missing; add --reason <text> --for </],
])("%j is explained in one line", async (args, message) => {
  const { exitCode, stderr } = await output(args);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(message);
});

test("an error that a command finds by itself ends with how to get help, if its use is wrong", async () => {
  const wrong = await output(["status", "--store", "foo:"]);
  expect(wrong.stderr).toMatch(/^error: invalid --store: .*\nsee: dagger-breaker status --help\n$/);
  const missing = await output(["digests", "list", "--file", "/dev/null/x"]);
  expect(missing.exitCode).toBe(66);
  expect(missing.stderr).not.toContain("see:");
});

test.each([
  ["a command that reads variables", ["status"], {}, true],
  ["a command that reads none", ["classify", "--exit-code", "0", "/dev/null"], {}, false],
  ["a help", ["status", "--help"], {}, false],
  [
    "the session of a run, which reports it",
    ["session"],
    { DAGGER_BREAKER_RUN: "/nowhere" },
    false,
  ],
])("%s names a misspelled variable once, or not at all", async (_what, args, env, isNamed) => {
  const { stderr } = await output(args, { ...env, DAGGER_BREAKER_SCOPES: "s3cret", PATH: "" });
  const named = stderr.match(
    /DAGGER_BREAKER_SCOPES has no effect; did you mean DAGGER_BREAKER_SCOPE\?/g,
  );
  expect(named ?? []).toHaveLength(isNamed ? 1 : 0);
  expect(stderr).not.toContain("s3cret");
});
