/** Tests that a command finds the same terminal as without us: colors, size and typed input. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { builtRunner, type RunAfter, type RunOrder, untilGone } from "./built-runner.js";

const runner = builtRunner();
const TERMINAL = fileURLToPath(new URL("./terminal.py", import.meta.url));

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import pty, fcntl, termios"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

interface OnTerminal {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Returns all text that the terminal has shown. */
  shown(): string;
  untilShown(text: string): Promise<void>;
  /** Types text, or changes the size of the window. See terminal.py. */
  tell(order: object): void;
  after(): RunAfter;
}

/**
 * Runs an order on a terminal.
 *
 * @param within Returns a shell script that contains the command line. The script runs instead of the line.
 */
function onTerminal(order: RunOrder, within?: (line: string) => string): OnTerminal {
  const { line, after } = runner.prepare(order);
  const quoted = line.map((word) => `'${word}'`).join(" ");
  const words = within === undefined ? line : ["bash", "-c", within(quoted)];
  const child = spawn("python3", [TERMINAL, ...words], {
    env: { ...runner.env(), TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  return {
    child,
    after,
    ended: once(child, "close").then(([exitCode]) => exitCode as number | null),
    shown: () => shown,
    async untilShown(text) {
      while (!shown.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended after ${JSON.stringify(shown)}`);
        await sleep(20);
      }
    },
    tell: (what) => void child.stdin.write(`${JSON.stringify(what)}\n`),
  };
}

describe.skipIf(!hasPython() && process.env.CI !== "true")("on a terminal", () => {
  beforeAll(() => {
    if (!hasPython()) throw new Error("tests of terminals need python3 with its module pty");
  });

  test("the command has it on all its streams, and no byte of it is changed", async () => {
    const run = onTerminal({ dagger: ["terminal"] });
    await run.untilShown("ready 80x24");
    expect(run.shown()).toBe(
      "[true,true,true]\r\n\u001b[32mgreen\u001b[39m\r\u001b[2K\u28fe frame\r\nready 80x24\r\n",
    );
    run.tell({ rows: 50, columns: 132 });
    expect(await run.ended).toBe(0);
    expect(run.shown()).toContain("size 132x50\r\n");
    expect(run.after().report.outcome).toBe("succeeded");
  });

  test("Ctrl-C reaches the command once, and us", async () => {
    const run = onTerminal({ dagger: ["signals"] });
    await run.untilShown("ready");
    run.tell({ type: "\u0003" });
    expect(await run.ended).toBe(0);
    expect(run.shown()).toContain("SIGINT 1\r\n");
  });

  test("Ctrl-C ends a command as without us, and counts no failure", async () => {
    const run = onTerminal({
      command: "sh",
      args: ["-c", "echo ready; exec sleep 60"],
      maxRetries: 3,
    });
    await run.untilShown("ready");
    run.tell({ type: "\u0003" });
    expect(await run.ended).toBe(130);
    expect(run.after()).toMatchObject({
      report: { outcome: "interrupted", signal: "SIGINT", failure: null },
      breakers: { engine: { failureCount: 0 } },
    });
  });

  test("Ctrl-Z stops us with the command, and the limits do not count that time", async () => {
    const timeoutMs = 3000;
    const order = {
      command: "sh",
      args: ["-c", "echo ready; sleep 1; echo over"],
      limits: { timeoutMs },
    };
    const run = onTerminal(
      order,
      (line) => `set -m; ${line}; echo "left by $?"; sleep ${timeoutMs / 1000}; fg; echo "end $?"`,
    );
    await run.untilShown("ready");
    run.tell({ type: "\u001a" });
    await run.untilShown("left by 148");
    expect(await run.ended).toBe(0);
    expect(run.shown()).toMatch(/over\r\n(?:.*\r\n)*end 0\r\n/);
    expect(run.after().report).toMatchObject({
      outcome: "succeeded",
      attempts: [{ timedOut: null }],
    });
  });

  test("a command that a limit had to kill leaves the terminal as it was", async () => {
    const order = {
      command: "sh",
      args: [
        "-c",
        "trap '' TERM; stty raw -echo; printf 'ready\\r\\n'; while :; do sleep 0.1; done",
      ],
      limits: { timeoutMs: 2000 },
      stop: { graceMs: 200 },
    };
    const run = onTerminal(
      order,
      (line) => `before=$(stty -g); ${line}; [ "$(stty -g)" = "$before" ] && echo same`,
    );
    await run.ended;
    expect(run.shown()).toContain("\u001b[?25h");
    expect(run.shown()).toMatch(/same\r\n$/);
  });

  test("one that ends by itself is left to restore the terminal, also after a limit", async () => {
    const order = {
      command: "sh",
      args: ["-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"],
      limits: { timeoutMs: 2000 },
    };
    const run = onTerminal(order);
    expect(await run.ended).toBe(124);
    expect(run.shown()).not.toContain("\u001b");
  });

  test("a limit ends the command with what it has started, though they lead no group", async () => {
    const run = onTerminal({ dagger: ["parent", "hang"], limits: { timeoutMs: 4000 } });
    expect(await run.ended).toBe(124);
    const [, pid = ""] = /child (\d+)/.exec(run.shown()) ?? [];
    expect(run.shown()).toContain("told to end");
    await untilGone(Number(pid));
  });

  test("silence is not a failure where neither output nor traces are read, and a warning reports it", async () => {
    const run = onTerminal({
      command: "sleep",
      args: ["2"],
      limits: { idleTimeoutMs: 500, connectTimeoutMs: 500 },
    });
    expect(await run.ended).toBe(0);
    expect(run.after().report).toMatchObject({
      outcome: "succeeded",
      warnings: [{ code: "limits-not-kept" }],
    });
  });

  test("the output of a failure is not read, and a warning reports it", async () => {
    const run = onTerminal({ dagger: ["recorded", "v0.21.8", "pull-429"] });
    expect(await run.ended).toBe(1);
    expect(run.after().report).toMatchObject({
      failure: { fault: "unknown", breaker: null },
      warnings: [{ code: "output-not-read" }],
    });
  });

  test("the engine's traces classify it instead, if no container can have sent them", async () => {
    const traced = { traces: true, sendsTraces: true };
    const run = onTerminal({ dagger: ["recorded", "v0.21.8", "pull-429", "hub-q429"], ...traced });
    expect(await run.ended).toBe(1);
    expect(run.after()).toMatchObject({
      report: {
        failure: { fault: "registry", limited: true, breaker: "registry:docker.io" },
        warnings: [],
      },
      breakers: { "registry:docker.io": { state: "open" } },
    });
    const own = onTerminal({ dagger: ["recorded", "v0.21.8", "exec-fail", "hub-q429"], ...traced });
    expect(await own.ended).toBe(3);
    expect(own.after().breakers["registry:docker.io"]).toBeUndefined();
  });

  test("reads a stream that is not a terminal", async () => {
    const file = runner.file();
    const { line, after } = runner.prepare({ dagger: ["recorded", "v0.21.8", "pull-503"] });
    const script = `${line.map((word) => `'${word}'`).join(" ")} 2> '${file}'`;
    const child = spawn("python3", [TERMINAL, "sh", "-c", script], {
      env: runner.env(),
      stdio: ["pipe", "ignore", "inherit"],
    });
    const [exitCode] = await once(child, "exit");
    expect(exitCode).toBe(1);
    expect(readFileSync(file, "utf8")).toContain("Error: failed to resolve image");
    expect(after().report.failure).toMatchObject({ breaker: "registry:ghcr.io" });
  });
});
