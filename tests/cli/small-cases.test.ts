/** Tests that odd paths and values on a command line neither crash the program nor appear in its output. */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tellRun } from "../../src/cli/run/tell.js";
import { testWhere } from "../only-where.js";
import { builtCli } from "./built-cli.js";
import { failedRun, LIMITED } from "./run/sample-run.js";

const cli = builtCli();

test("a command runs in a deleted folder, as it would without us", async () => {
  const script = `mkdir gone && cd gone && rmdir ../gone && exec '${cli.program}' run -- sh -c 'echo ran'`;
  const options = { cwd: cli.folder, env: cli.environment(), encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", script], options);
  expect({ status, stdout }).toEqual({ status: 0, stdout: "ran\n" });
  expect(stderr).toMatch(/dagger-breaker: succeeded, exit code 0\n$/);
});

testWhere(process.platform !== "win32")(
  "a report goes to a named pipe, and one without a reader delays no end",
  () => {
    const run = `'${cli.program}' run --output unread --junit read -- true`;
    const script = `mkfifo unread read && { cat read >got & } && ${run}; echo $?; wait; cat got`;
    const options = { cwd: cli.folder, env: cli.environment(), encoding: "utf8" } as const;
    const { stdout, stderr } = spawnSync("sh", ["-c", script], { ...options, timeout: 200_000 });
    expect(stdout).toMatch(/^0\n<\?xml [\s\S]*<\/testsuites>\n$/);
    expect(stderr).toContain('the report cannot be written to "unread" (ENXIO)\n');
  },
);

test.each([
  ["utf-16 with a mark", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["utf-16 of the other order", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
])(
  "classify reads %s, as PowerShell writes it, from a file and from standard input",
  async (_name, encode) => {
    const log = 'failed to do request: Head "https://ghcr.io/v2/a/manifests/1": EOF\r\n';
    const stdin = encode(log);
    const path = join(cli.folder, "log.txt");
    writeFileSync(path, stdin);
    for (const run of [cli.run(["classify"], { stdin }), cli.run(["classify", path])]) {
      expect(await run).toMatchObject({ exitCode: 31 });
    }
  },
);

test.each([
  [["run", "--timeout", "redis://bot:hunter2@redis", "--", "true"], {}],
  [["run", "--mirrors", "docker.io=bot:hunter2@mirror", "--", "true"], {}],
  [["run", "--learnt", "https://h.example/?token=hunter2", "--", "true"], {}],
  [["run", "--stor=redis://bot:hunter2@redis", "--", "true"], {}],
  [["redis://bot:hunter2@redis"], {}],
  [["classify", "--exit-code", "https://h.example/a?sig=hunter2"], {}],
  [["run", "--", "true"], { DAGGER_BREAKER_RETRY: "https://h.example/?token=hunter2" }],
  [["run", "--", "true"], { DAGGER_BREAKER_SCOPE: "redis://bot:hunter2@redis?x=1" }],
  [["run", "--", "true"], { DAGGER_BREAKER_STORE: "mysql://bot:hunter2@db" }],
])("%j %j is wrong, and no secret in it is shown", async (args, env) => {
  const { exitCode, stdout, stderr } = await cli.run(args, { env });
  expect(exitCode).toBe(64);
  expect(stdout + stderr).not.toContain("hunter2");
});

describe("the summary of a GitHub step", () => {
  async function told(before: string) {
    const summary = join(cli.folder, "summary.md");
    const lines: string[] = [];
    writeFileSync(summary, before);
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary };
    const stderr = { write: (text: string) => lines.push(text) };
    const told = { json: false, output: undefined, junit: undefined };
    await tellRun(failedRun(LIMITED), "dagger", told, { env, stderr } as never);
    return { summary: readFileSync(summary, "utf8"), stderr: lines.join("") };
  }

  test("is appended to the step's own content", async () => {
    const { summary, stderr } = await told("# Mine\n");
    expect(summary).toMatch(/^# Mine\n\n### dagger-breaker: failed/);
    expect(stderr).not.toContain("cannot be written");
  });

  test("is skipped, with a message, if GitHub would drop all of it for its size", async () => {
    const before = "x".repeat(1024 * 1024 - 100);
    const { summary, stderr } = await told(before);
    expect(summary).toBe(before);
    expect(stderr).toMatch(/summary of the step cannot be written .*1 MiB that GitHub shows/);
  });
});
