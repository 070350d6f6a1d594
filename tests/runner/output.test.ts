/**
 * Tests that the output of a command passes unchanged and in order, with limited memory and within limited
 * time.
 */

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { builtRunner, isAlive, untilGone } from "./built-runner.js";

const runner = builtRunner();
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

/** Quotes the command line of a run for a shell. */
function shellWords(line: readonly string[]): string {
  return line.map((word) => `'${word}'`).join(" ");
}

test("every byte passes, on both streams", async () => {
  const ran = await runner.run({ dagger: ["bytes"] });
  expect(ran.stdout).toEqual(Buffer.concat([ALL_BYTES, ALL_BYTES, Buffer.from("no newline")]));
  expect(ran.stderr).toEqual(Buffer.concat([ALL_BYTES, Buffer.from([0xff, 0xfe, 0x0a])]));
});

test("an unfinished line is ended before our own message", async () => {
  const ran = await runner.run({ command: "sh", args: ["-c", "printf half >&2; exit 4"] });
  expect(ran.stderr.toString()).toBe("half\n");
  expect(ran.exitCode).toBe(4);
});

test("with both streams on one pipe the lines keep their order", () => {
  const { line } = runner.prepare({ dagger: ["turns", "2000"] });
  const printed = execFileSync("sh", ["-c", `${shellWords(line)} 2>&1 | cat`], {
    env: runner.env(),
    encoding: "utf8",
  });
  expect(printed).toBe(Array.from({ length: 2000 }, (_, index) => `${index}\n`).join(""));
});

test("with both streams in one file the lines keep their order", () => {
  const { line } = runner.prepare({ dagger: ["turns", "500"] });
  const file = runner.file();
  execFileSync("sh", ["-c", `${shellWords(line)} > ${file} 2>&1`], { env: runner.env() });
  expect(execFileSync("cat", [file], { encoding: "utf8" })).toBe(
    Array.from({ length: 500 }, (_, index) => `${index}\n`).join(""),
  );
});

test("a command may reopen its own output by name", async () => {
  const script = "echo out > /dev/stdout; echo err > /dev/stderr";
  const ran = await runner.run({ command: "sh", args: ["-c", script] });
  expect(ran.stdout.toString()).toBe("out\n");
  expect(ran.stderr.toString()).toBe("err\n");
});

test("a command reads our own input", async () => {
  const { line, after } = runner.prepare({ command: "cat" });
  const [program = "", ...args] = line;
  const child = spawn(program, args, { env: runner.env(), stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end("what is piped in");
  let printed = "";
  for await (const part of child.stdout.setEncoding("utf8")) printed += part;
  expect(printed).toBe("what is piped in");
  if (child.exitCode === null) await once(child, "exit");
  expect(after().report.outcome).toBe("succeeded");
});

test("100 MiB pass to a slow reader, byte for byte and in little memory", async () => {
  const { line, after } = runner.prepare({ dagger: ["flood", "100"] });
  const [program = "", ...args] = line;
  // Other threads would collect the garbage later on a busy machine.
  const child = spawn(program, ["--single-threaded-gc", ...args], {
    env: runner.env(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of child.stdout) {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes % 50 === 0) await sleep(1);
  }
  if (child.exitCode === null) await once(child, "exit");
  const whole = createHash("sha256");
  const part = Buffer.alloc(1024 * 1024, "0123456789abcde\n");
  for (let mebibyte = 0; mebibyte < 100; mebibyte += 1) whole.update(part);
  expect(bytes).toBe(100 * 1024 * 1024);
  expect(hash.digest("hex")).toBe(whole.digest("hex"));
  expect(after().maxRssKib).toBeLessThan(160 * 1024);
});

test("a slow reader does not count as idle, and loses nothing", async () => {
  const order = { dagger: ["flood", "2"], limits: { idleTimeoutMs: 1_000 } };
  const { line, after } = runner.prepare(order);
  const [program = "", ...args] = line;
  const child = spawn(program, args, { env: runner.env(), stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "readable");
  await sleep(2500);
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += chunk.length;
  if (child.exitCode === null) await once(child, "exit");
  expect(bytes).toBe(2 * 1024 * 1024);
  expect(after().report.outcome).toBe("succeeded");
});

test("when our reader closes, the command gets the error, as without us", () => {
  const { line, after } = runner.prepare({ command: "yes" });
  const script = `${shellWords(line)} | head -n 1`;
  expect(execFileSync("sh", ["-c", script], { env: runner.env(), encoding: "utf8" })).toBe("y\n");
  expect(after().report).toMatchObject({ outcome: "failed", exitCode: 141, signal: "SIGPIPE" });
});

test("a process left behind delays us only for a moment, and lives on", async () => {
  const ran = await runner.run({ dagger: ["leaveBehind"] });
  const [, pid = ""] = /left (\d+)/.exec(ran.stdout.toString()) ?? [];
  expect(ran.report.outcome).toBe("succeeded");
  expect(ran.report.durationMs).toBeLessThan(20_000);
  expect(isAlive(Number(pid))).toBe(true);
  process.kill(Number(pid), "SIGKILL");
  await untilGone(Number(pid));
});

test("a process left behind cannot write to us forever", async () => {
  const script = "(while :; do echo more; sleep 0.1; done) & echo first";
  const ran = await runner.run({ command: "sh", args: ["-c", script] });
  expect(ran.stdout.toString()).toMatch(/^(?:more\n)*first\n(?:more\n)*$/);
  expect(ran.report).toMatchObject({ outcome: "succeeded", exitCode: 0 });
});

test.each([
  ["nothere", 127, "ENOENT"],
  ["/etc/passwd", 126, "EACCES"],
])("%s is not started, with the exit code of a shell", async (command, exitCode) => {
  const ran = await runner.run({ command, args: ["hunter2"] });
  expect(ran.exitCode).toBe(exitCode);
  expect(ran.report).toMatchObject({ outcome: "not-started", attempts: [], failure: null });
  expect(ran.report.warnings).toMatchObject([{ code: "not-started" }]);
  expect(JSON.stringify(ran.report)).not.toContain("hunter2");
  expect(ran.breakers.engine).toMatchObject({ inFlightCount: 0, failureCount: 0, ignoredCount: 0 });
});
