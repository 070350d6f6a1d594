/**
 * Tests which session the main example uses: the session in the environment, else one of the CLI, else one
 * of the double. The example must print the reason.
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROJECT, run, runExample } from "./run.js";

const MAIN = "circuit-breaker-example";
const STAND_IN = `${PROJECT}/build/examples/dagger/stand-in-cli.js`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stand-in-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Creates a program that stands in for the `dagger` CLI. */
function standIn(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

/** Counts only time in which the process could run. See tests/own-time.ts. */
const CHOICE = `
  let ticks = 0;
  setInterval(() => { ticks += 1; }, 10).unref();
  const { chooseSession } = await import("./build/examples/dagger/session-choice.js");
  const { kind, why, environment, end } = await chooseSession();
  await end();
  console.log(JSON.stringify({ kind, why, environment, tookMs: ticks * 10 }));`;

/** Returns which session the example chooses in an environment. */
async function choose(environment: Readonly<Record<string, string>>) {
  const args = ["--input-type=module", "--eval", CHOICE];
  const { code, stdout, stderr } = await run(process.execPath, args, environment);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as { kind: string; why: string; environment: object; tookMs: number };
}

test("a session in the environment takes precedence over a CLI", async () => {
  const session = { DAGGER_SESSION_PORT: "1", DAGGER_SESSION_TOKEN: "token" };
  const cli = standIn("unused", `touch ${join(folder, "was-called")}`);
  const chosen = await choose({ ...session, _EXPERIMENTAL_DAGGER_CLI_BIN: cli });
  expect(chosen).toMatchObject({ kind: "environment", environment: session });
  expect(chosen.why).toBe("DAGGER_SESSION_PORT and DAGGER_SESSION_TOKEN are set.");
  expect(existsSync(join(folder, "was-called"))).toBe(false);
});

test("uses a CLI that opens a session, whatever else it prints", async () => {
  const script = `echo hello; EXAMPLE_ENGINE=up exec "${process.execPath}" "${STAND_IN}" "$@"`;
  const chosen = await choose({ _EXPERIMENTAL_DAGGER_CLI_BIN: standIn("works", script) });
  expect(chosen).toMatchObject({ kind: "cli", why: expect.stringContaining("opened one") });
});

test.concurrent.each([
  ["that is not there", undefined, 'there is no "/no-dagger-here" program'],
  ["that fails", "exit 3", 'session" ended with exit code 3'],
  ["that talks nonsense", 'echo nonsense; echo \'{"port":"x"}\'', "ended with exit code 0"],
  ["that opens none in time", "exec sleep 60", "opened none within 10 s"],
])("with a CLI %s it uses the double, after 10 s at most", async (what, script, why) => {
  const environment: Record<string, string> = {};
  if (script !== undefined) {
    environment._EXPERIMENTAL_DAGGER_CLI_BIN = standIn(what.replaceAll(" ", "-"), script);
  }
  const chosen = await choose(environment);
  expect(chosen).toMatchObject({ kind: "double", why: expect.stringContaining(why) });
  expect(chosen.tookMs).toBeLessThan(12_000);
});

test("kills a CLI's session that does not end by itself", async () => {
  const script = `trap '' TERM; echo '{"port":1,"session_token":"token"}'; while :; do sleep 1; done`;
  const chosen = await choose({ _EXPERIMENTAL_DAGGER_CLI_BIN: standIn("stubborn", script) });
  expect(chosen).toMatchObject({ kind: "cli", environment: { DAGGER_SESSION_PORT: "1" } });
});

test.concurrent("a dead session breaks the story instead of hanging it", async () => {
  const dead = { DAGGER_SESSION_PORT: "1", DAGGER_SESSION_TOKEN: "none" };
  const { code, stdout } = await runExample(MAIN, ["--json"], dead);
  expect(code).toBe(1);
  const end = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(end).toMatchObject({ event: "end", ok: false });
});

test.concurrent("a closed reader ends it silently", async () => {
  const script = `"${process.execPath}" build/examples/dagger/${MAIN}.js | head -n 1`;
  expect(await run("/bin/sh", ["-c", script])).toEqual({ code: 0, stdout: "\n", stderr: "" });
});

test.concurrent("rejects an unknown argument", async () => {
  const ended = await runExample(MAIN, ["--jsn"]);
  expect(ended).toEqual({
    code: 2,
    stdout: "",
    stderr:
      "Unknown option '--jsn'. There are: --json, --traces, --engine 0.21|1.0, --store <url>\n",
  });
});
