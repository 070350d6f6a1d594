/** Tests that commands that hang are ended with all their descendants, and that their output is kept. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { builtRunner, type Ran, untilGone } from "./built-runner.js";

const runner = builtRunner();
const CONNECTED = "1   : connect DONE [0.0s]";

function pidIn({ stdout }: Ran, word: string): number {
  const [, pid = ""] = new RegExp(`${word} (\\d+)`).exec(stdout.toString()) ?? [];
  return Number(pid);
}

test.each([
  ["total", { timeoutMs: 4000 }],
  ["idle", { idleTimeoutMs: 4000 }],
  ["connect", { connectTimeoutMs: 4000 }],
] as const)(
  "the %s limit ends a command with 124, and keeps its output until then",
  async (limit, limits) => {
    const ran = await runner.run({ dagger: ["hang"], limits });
    expect(ran.exitCode).toBe(124);
    expect(ran.report).toMatchObject({
      outcome: "timed-out",
      exitCode: 124,
      attempts: [{ timedOut: limit, exitCode: 130, signal: null }],
    });
    expect(ran.stdout.toString()).toMatch(/^hanging \d+\ntold to end\n$/);
    await untilGone(pidIn(ran, "hanging"));
    const blamed = limit === "connect";
    expect(ran.report.failure?.breaker ?? null).toBe(blamed ? "engine" : null);
    expect(ran.breakers).toMatchObject({
      engine: { failureCount: blamed ? 1 : 0, ignoredCount: blamed ? 0 : 1, inFlightCount: 0 },
    });
    expect(Object.keys(ran.breakers)).toEqual(["engine"]);
  },
);

test("a command that ignores the signal is ended by force", async () => {
  const ran = await runner.run({
    dagger: ["deaf"],
    limits: { timeoutMs: 4000 },
    stop: { graceMs: 200, forceMs: 200 },
  });
  expect(ran.exitCode).toBe(124);
  expect(ran.stdout.toString()).toMatch(/^hanging \d+\ntold to end\n$/);
  expect(ran.report.attempts).toMatchObject([{ signal: "SIGKILL", timedOut: "total" }]);
  await untilGone(pidIn(ran, "hanging"));
});

test("descendants are told to end too, and their last output is kept", async () => {
  const ran = await runner.run({ dagger: ["parent", "hang"], limits: { idleTimeoutMs: 4000 } });
  expect(ran.exitCode).toBe(124);
  expect(ran.stdout.toString()).toContain("told to end\n");
  await untilGone(pidIn(ran, "child"));
});

test("descendants are ended by force if they do not end", async () => {
  const ran = await runner.run({
    dagger: ["parent", "deaf"],
    limits: { idleTimeoutMs: 4000 },
    stop: { graceMs: 200, forceMs: 200 },
  });
  expect(ran.exitCode).toBe(124);
  await untilGone(pidIn(ran, "child"));
});

test("output resets the idle limit", async () => {
  const ran = await runner.run({ dagger: ["busy", "60"], limits: { idleTimeoutMs: 4000 } });
  expect(ran.report).toMatchObject({ outcome: "succeeded", attempts: [{ timedOut: null }] });
});

test("traces reset the idle limit", async () => {
  const ran = await runner.run({
    dagger: ["busyTraces", "60"],
    limits: { idleTimeoutMs: 4000 },
    traces: true,
    sendsTraces: true,
  });
  expect(ran.report).toMatchObject({ outcome: "succeeded", attempts: [{ timedOut: null }] });
});

test.each([
  ["its output", { command: "sh", args: ["-c", `echo '${CONNECTED}'; sleep 6`] }],
  [
    "its output, cut anywhere",
    { command: "sh", args: ["-c", "printf '1   : conn'; sleep 1; echo 'ect DONE'; sleep 5"] },
  ],
  ["its traces", { dagger: ["busyTraces", "60"], traces: true, sendsTraces: true }],
  [
    "a session that it opens",
    { dagger: ["session", "v0.21.8", "ok"], sessions: true, limits: { connectTimeoutMs: 10_000 } },
  ],
])("a session seen in %s ends the limit to connect", async (_title, order) => {
  const ran = await runner.run({ limits: { connectTimeoutMs: 4000 }, ...order });
  expect(ran.report).toMatchObject({ outcome: "succeeded", attempts: [{ timedOut: null }] });
});

test("a host that hung until the limit counts as failed when the engine's traces show it", async () => {
  const ran = await runner.run({
    dagger: ["hangingPull", "http-hang"],
    limits: { idleTimeoutMs: 4000 },
    traces: true,
    sendsTraces: true,
  });
  expect(ran.exitCode).toBe(124);
  expect(ran.breakers).toMatchObject({
    engine: { failureCount: 0, ignoredCount: 1 },
    "http:files.example.com": { failureCount: 1 },
  });
});

describe("a limit sends it", () => {
  const SAY = "trap 'echo got INT' INT; trap 'echo got TERM' TERM; echo ready";
  const WAIT = "while :; do sleep 0.05; done";
  const stop = { graceMs: 400, forceMs: 400 };

  test("SIGINT first when it is dagger, then SIGTERM, and force at last", async () => {
    const dagger = runner.script("dagger", `${SAY}; ${WAIT}`);
    const ran = await runner.run({ command: dagger, limits: { idleTimeoutMs: 2000 }, stop });
    expect(ran.stdout.toString()).toBe("ready\ngot INT\ngot TERM\n");
    expect(ran.report).toMatchObject({
      exitCode: 124,
      attempts: [{ timedOut: "idle", signal: "SIGKILL", exitCode: 137 }],
      warnings: [],
    });
  });

  test("only SIGTERM when it is a shell", async () => {
    const ran = await runner.run({
      command: "sh",
      args: ["-c", `${SAY}; ${WAIT}`],
      limits: { idleTimeoutMs: 2000 },
      stop,
    });
    expect(ran.stdout.toString()).toBe("ready\ngot TERM\n");
    expect(ran.report.attempts).toMatchObject([{ signal: "SIGKILL" }]);
    // The shell may have started a dagger that prints only when it ends.
    expect(ran.report.warnings).toMatchObject([{ code: "steps-not-heard" }]);
  });
});

test("unreaped zombies do not delay the end", async () => {
  // Orphans become children of this process, which never reaps them. Some inits of containers behave like
  // that.
  const init =
    "import ctypes, subprocess, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); sys.exit(subprocess.call(sys.argv[1:]))";
  const graceMs = 120_000;
  const { line, after } = runner.prepare({
    command: "sh",
    args: ["-c", "sleep 60 & sleep 60"],
    limits: { timeoutMs: 1000 },
    stop: { graceMs },
  });
  const child = spawn("python3", ["-c", init, ...line], { env: runner.env(), stdio: "ignore" });
  expect(await once(child, "exit")).toEqual([124, null]);
  expect(after().report.durationMs).toBeLessThan(graceMs);
});
