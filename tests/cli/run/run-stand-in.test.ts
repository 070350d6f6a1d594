/** Tests `dagger-breaker run` with the CLI double of the test kit, which prints and ends like Dagger 1.0. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, expect, test } from "vitest";
import type { CommandDouble } from "../../../src/testing/session/command/command-script.js";
import { builtCli, type Run } from "../built-cli.js";

const cli = builtCli();
let dagger = "";
beforeAll(() => {
  const folder = join(cli.folder, "stand-in");
  mkdirSync(folder);
  dagger = join(folder, "dagger");
  const program = join(cli.dist, "../testing/session/cli.js");
  writeFileSync(dagger, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(dagger, 0o755);
});

function environment(command: CommandDouble, more: Readonly<Record<string, string>> = {}) {
  return { DAGGER_SESSION_DOUBLE_COMMAND: JSON.stringify(command), ...more };
}

/** Runs the command. Returns the report without colors. */
async function run(options: readonly string[], command: CommandDouble): Promise<Run> {
  const args = ["run", ...options, "--", dagger, "call", "test"];
  const ended = await cli.run(args, { env: environment(command) });
  return { ...ended, stderr: stripVTControlCharacters(ended.stderr) };
}

/** Returns the ids of the running children of a process. */
function childrenOf(parent: number | undefined): string[] {
  const listed = execFileSync("ps", ["-eo", "pid=,ppid=,stat="], { encoding: "utf8" });
  const rows = listed.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([pid = "", ppid, stat]) =>
    ppid === String(parent) && !stat?.startsWith("Z") ? [pid] : [],
  );
}

/** A limit far above the time that the stand-in needs to start, except on a very busy machine. */
const IDLE_S = 8;
const IDLE = ["--idle-timeout", `${IDLE_S}s`];
const lines = (count: number) => Array.from({ length: count }, (_, index) => `tick ${index}`);

test("a step that prints is working, although its output is hidden until the end", async () => {
  const steps = [{ name: "go test", prints: lines(19), everyMs: 500 }];
  const { exitCode, stderr } = await runUnstarved(() => run(IDLE, { steps }));
  expect(stderr).toMatch(/\n✔ go test \d+\.\ds\n/);
  expect(stderr).not.toContain("tick");
  expect(stderr).toMatch(/\ndagger-breaker: succeeded, exit code 0\n$/);
  expect(exitCode).toBe(0);
});

/**
 * Runs a command again, five times at most, if it was ended before its step had lasted as long as the limit. Then
 * most of the limit had passed while the machine was too busy to start the command.
 */
async function runUnstarved(start: () => ReturnType<typeof run>) {
  for (let tries = 1; ; tries += 1) {
    const ran = await start();
    const [, seconds] = /✘ go test (\d+\.\d)s CANCELED/.exec(ran.stderr) ?? [];
    if (seconds === undefined || Number(seconds) >= IDLE_S || tries === 5) return ran;
  }
}

test("the limit ends a step that hangs, and the report names it", async () => {
  const steps = [{ name: "go test", prints: lines(2), hangs: true }];
  const { exitCode, stderr } = await run(IDLE, { steps });
  expect(exitCode).toBe(124);
  expect(stderr).toMatch(/✘ go test \d+\.\ds CANCELED\n/);
  expect(stderr).toMatch(/timed out \(.*--idle-timeout\), exit code 124\n$/);
});

test("with --traces off a healthy step is not ended, and a warning reports that the limit does not apply", async () => {
  const steps = [{ name: "go test", prints: lines(4), everyMs: 500 }];
  const options = ["--traces", "off", "--idle-timeout", "1s"];
  const { exitCode, stderr } = await run(options, { steps });
  expect(exitCode).toBe(0);
  expect(stderr).toContain("dagger-breaker: --idle-timeout cannot be kept for Dagger 1.0");
});

test("a job canceled as on GitHub has its closing line, outputs and summary in time", async () => {
  const files = {
    GITHUB_OUTPUT: join(cli.folder, "outputs"),
    GITHUB_STEP_SUMMARY: join(cli.folder, "summary"),
  };
  const command: CommandDouble = {
    format: "plain",
    deaf: true,
    steps: [{ name: "go test", prints: ["begun"], hangs: true }],
  };
  const child = spawn(cli.program, ["run", "--kill-after", "1s", "--", dagger, "call", "test"], {
    env: cli.environment(environment(command, { GITHUB_ACTIONS: "true", ...files })),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const closed = once(child, "close");
  while (!stderr.includes("begun")) await sleep(20);
  const begun = childrenOf(child.pid);
  child.kill("SIGINT");
  // GitHub sends SIGTERM after SIGINT. Here it arrives after the command was killed, while the run writes
  // its report.
  while (begun.every((pid) => childrenOf(child.pid).includes(pid))) await sleep(20);
  child.kill("SIGTERM");
  expect(await closed).toEqual([137, null]);
  expect(stderr).toMatch(/\ndagger-breaker: interrupted \(SIGKILL\), exit code 137\n$/);
  expect(readFileSync(files.GITHUB_OUTPUT, "utf8")).toContain("outcome=interrupted");
  expect(readFileSync(files.GITHUB_STEP_SUMMARY, "utf8")).toContain("interrupted");
});

test("after SIGTERM as from Docker, it reports what hung and ends as after SIGTERM", async () => {
  const command: CommandDouble = {
    format: "plain",
    steps: [{ name: "go test", prints: ["begun"], hangs: true }],
  };
  const child = spawn(cli.program, ["run", "--", dagger, "call", "test"], {
    env: cli.environment(environment(command)),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const closed = once(child, "close");
  while (!stderr.includes("begun")) await sleep(20);
  child.kill("SIGTERM");
  expect(await closed).toEqual([143, null]);
  expect(stderr).toMatch(/✘ go test .* CANCELED\n/);
  expect(stderr).toMatch(/\ndagger-breaker: interrupted \(SIGTERM\), exit code 143\n$/);
});

test("ends a program that hangs behind a lost session, and reports that", async () => {
  const engine = createServer((_request, response) => {
    response.writeHead(502, { "content-type": "text/plain" });
    response.end('http do: Post "http://dagger/query": unexpected EOF');
  }).listen(0, "127.0.0.1");
  await once(engine, "listening");
  const { port } = engine.address() as AddressInfo;
  const program = `
    const { DAGGER_SESSION_PORT: port, DAGGER_SESSION_TOKEN: token } = process.env;
    const authorization = "Basic " + Buffer.from(token + ":").toString("base64");
    const headers = { authorization, "content-type": "application/json" };
    await fetch("http://127.0.0.1:" + port + "/query", { method: "POST", headers, body: '{"query":"{version}"}' });
    console.log("asked");
    setInterval(() => {}, 60_000);
  `;
  const command = [process.execPath, "--input-type=module", "-e", program];
  const env = { DAGGER_SESSION_PORT: `${port}`, DAGGER_SESSION_TOKEN: "secret" };
  const run = await cli.run(["run", "--lost-session-grace", "1s", "--", ...command], { env });
  engine.close();
  expect(run.stdout).toBe("asked\n");
  expect(run.exitCode).toBe(124);
  expect(run.stderr).toMatch(
    /timed out \(its session was lost.*--lost-session-grace\), exit code 124/,
  );
});

test("a command that hangs when its engine dies is judged by its output", async () => {
  const steps = [{ name: "go test", prints: ["begun"], hangs: true }];
  const command: CommandDouble = {
    format: "plain",
    says: ["Error: engine is shutting down"],
    steps,
  };
  const { exitCode, stderr } = await run(["--idle-timeout", "3s"], command);
  expect(exitCode).toBe(124);
  expect(stderr).toMatch(/timed out \(.*--idle-timeout; engine: .*\), exit code 124\n$/);
});
