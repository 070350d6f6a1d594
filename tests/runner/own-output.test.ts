/** Tests that a run does not succeed when our own output fails or is not read, and that nothing hangs. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { builtRunner, type RunAfter, type RunOrder } from "./built-runner.js";

const runner = builtRunner();

/** Prints more than one pipe holds, but less than our pipe and the command's pipe hold together. */
const MORE_THAN_A_PIPE = "head -c 100000 /dev/zero; echo written >&2";
const TOO_LONG_MS = 120_000;

/** Runs a command with redirections of a shell. */
function redirected(order: RunOrder, redirection: string, before = ""): RunAfter {
  const { line, after } = runner.prepare(order);
  const words = line.map((word) => `'${word}'`).join(" ");
  spawnSync("bash", ["-c", `${before} ${words} ${redirection}`], {
    env: runner.env(),
    stdio: "ignore",
  });
  return after();
}

describe("output that cannot be written", () => {
  test.each([
    ["a full device", "> /dev/full", "stdout", "ENOSPC"],
    ["a full device on standard error alone", "2> /dev/full", "stderr", "ENOSPC"],
    ["a limit of the size of files", "> LIMITED", "stdout", "EFBIG"],
  ] as const)(
    "on %s ends the run with 74, however the command ends",
    (_title, to, stream, code) => {
      const script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 0";
      const before = code === "EFBIG" ? "ulimit -f 200;" : "";
      const file = runner.file();
      const told = redirected(
        { command: "sh", args: ["-c", script], maxRetries: 3 },
        to.replace("LIMITED", file),
        before,
      );
      expect(told.report).toMatchObject({
        outcome: "failed",
        exitCode: 74,
        failure: null,
        attempts: [{ outputError: { stream, code } }],
      });
      expect(told.breakers).toMatchObject({ engine: { failureCount: 0, ignoredCount: 1 } });
    },
  );

  test("on a terminal that is gone ends the run with 74 too", () => {
    const { line, after } = runner.prepare({ command: "sh", args: ["-c", "echo lost; exit 3"] });
    const program = `import os, pty, subprocess, sys
ours, theirs = pty.openpty()
os.close(ours)
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=theirs)`;
    spawnSync("python3", ["-c", program, ...line], { env: runner.env(), stdio: "ignore" });
    expect(after().report).toMatchObject({
      outcome: "failed",
      exitCode: 74,
      attempts: [{ exitCode: 3, outputError: { stream: "stdout", code: "EIO" } }],
    });
  });

  test("is a closed pipe to the command", () => {
    const { report } = redirected({ command: "yes" }, "> /dev/full");
    expect(report.exitCode).toBe(74);
    expect(report.attempts).toMatchObject([{ exitCode: 141, signal: "SIGPIPE" }]);
  });
});

describe("a reader that does not read", () => {
  /** Starts a run whose standard output is never read. */
  function unread(order: RunOrder) {
    const { line, after } = runner.prepare(order);
    const [program = "", ...args] = line;
    const path = runner.file();
    execFileSync("mkfifo", [path]);
    const fifo = openSync(path, constants.O_RDWR);
    const child = spawn(program, args, {
      env: runner.env(),
      stdio: ["ignore", fifo, "pipe"],
    });
    closeSync(fifo);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return {
      child,
      after,
      async written() {
        for await (const text of (child.stderr as NonNullable<typeof child.stderr>).setEncoding(
          "utf8",
        ))
          if (`${text}`.includes("written")) return;
      },
      async ended() {
        const code = await endOf(child);
        closeSync(reader);
        return code;
      },
    };
  }

  async function endOf(child: ChildProcess): Promise<number | null | "still running"> {
    const late = sleep(TOO_LONG_MS, "still running" as const);
    const end = once(child, "exit").then(([code]) => code as number | null);
    const ended = await Promise.race([end, late]);
    if (ended === "still running") child.kill("SIGKILL");
    return ended;
  }

  test("keeps no limit from ending a command that waits for it", async () => {
    const run = unread({ command: "yes", limits: { timeoutMs: 1500 } });
    expect(await run.ended()).toBe(124);
    expect(run.after().report).toMatchObject({ outcome: "timed-out", exitCode: 124 });
  });

  test("keeps no limit from ending us once the command has ended", async () => {
    const order = { command: "sh", args: ["-c", MORE_THAN_A_PIPE], limits: { timeoutMs: 2500 } };
    const run = unread({ ...order, maxRetries: 3 });
    expect(await run.ended()).toBe(124);
    expect(run.after().report).toMatchObject({
      outcome: "timed-out",
      attempts: [{ exitCode: 0, timedOut: "total" }],
    });
  });

  test("keeps no signal from ending us once the command has ended", async () => {
    const run = unread({ command: "sh", args: ["-c", MORE_THAN_A_PIPE], maxRetries: 3 });
    await run.written();
    // By now the command has written everything and ended.
    await sleep(1000);
    expect(run.child.exitCode).toBeNull();
    run.child.kill("SIGTERM");
    expect(await run.ended()).toBe(143);
    expect(run.after().report).toMatchObject({ outcome: "interrupted", signal: "SIGTERM" });
  });
});
