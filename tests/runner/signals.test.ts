/** Tests that signals reach a command and its descendants exactly once, and end the waits of a run. */

import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { describeWhere } from "../only-where.js";
import { builtRunner, isAlive, untilGone } from "./built-runner.js";

const runner = builtRunner();
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

test.each(SIGNALS)("%s ends the command, and counts against no upstream", async (signal) => {
  const running = runner.start({
    command: "sh",
    args: ["-c", "echo ready; exec sleep 60"],
    maxRetries: 3,
  });
  await running.printed("ready");
  running.child.kill(signal);
  const { report, breakers, exitCode } = await running.ended;
  expect(exitCode).toBe(128 + constants.signals[signal]);
  expect(report).toMatchObject({ outcome: "interrupted", signal, failure: null });
  expect(report.attempts).toHaveLength(1);
  expect(breakers.engine).toMatchObject({ failureCount: 0, inFlightCount: 0 });
});

test.each(SIGNALS)("%s reaches it once, and it may end in its own way", async (signal) => {
  const running = runner.start({ command: process.execPath, args: [runner.stub, "signals"] });
  await running.printed("ready");
  running.child.kill(signal);
  const { report, stdout } = await running.ended;
  expect(stdout.toString()).toContain(`${signal} 1\n`);
  expect(report).toMatchObject({ outcome: "succeeded", exitCode: 0 });
});

test("a signal reaches the command's descendants too", async () => {
  const running = runner.start({ command: "sh", args: ["-c", "sleep 60 & echo ready $!; wait"] });
  const printed = await running.printed("ready");
  running.child.kill("SIGTERM");
  const { report } = await running.ended;
  expect(report.outcome).toBe("interrupted");
  await untilGone(Number(/ready (\d+)/.exec(printed)?.[1]));
});

test("a signal ends the wait for a circuit, and nothing is started", async () => {
  const running = runner.start({
    dagger: ["exit", "0"],
    guard: { onOpen: "wait", maxWaitMs: 100_000, waitSpreadMs: 0, needs: ["registry:ghcr.io"] },
    refusing: { "registry:ghcr.io": 90_000 },
  });
  await running.printed("refused by registry:ghcr.io");
  running.child.kill("SIGTERM");
  const { report, exitCode } = await running.ended;
  expect(exitCode).toBe(143);
  expect(report).toMatchObject({ outcome: "interrupted", signal: "SIGTERM", attempts: [] });
});

test("passes on every signal that would end us, and keeps them distinct", async () => {
  const names = "HUP QUIT USR1 USR2 ALRM VTALRM PROF STKFLT XCPU XFSZ IO PWR"
    .split(" ")
    .map((name) => `SIG${name}` as NodeJS.Signals)
    .filter((name) => constants.signals[name] !== undefined);
  const running = runner.start({ dagger: ["hear", [...names, "SIGINT"].join(",")] });
  await running.printed("ready");
  for (const name of names) {
    running.child.kill(name);
    await running.printed(`got ${name}\n`);
  }
  running.child.kill("SIGINT");
  await running.printed("got SIGINT\n");
  running.child.kill("SIGTERM");
  const { stdout, stderr, exitCode } = await running.ended;
  expect(exitCode).toBe(0);
  expect(stdout.toString().match(/got/g)).toHaveLength(names.length + 1);
  expect(stderr.toString()).not.toContain("Debugger");
});

test.each(["SIGUSR2", "SIGXCPU"] as const)(
  "%s may end the command as without us",
  async (signal) => {
    const running = runner.start({
      command: "sh",
      args: ["-c", "echo ready; exec sleep 60"],
      maxRetries: 3,
    });
    await running.printed("ready");
    running.child.kill(signal);
    const { report, exitCode } = await running.ended;
    expect(exitCode).toBe(128 + constants.signals[signal]);
    expect(report).toMatchObject({ outcome: "interrupted", signal, failure: null });
    expect(report.attempts).toHaveLength(1);
  },
);

test("an informational signal affects no later success or failure", async () => {
  const script = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.05; done";
  const running = runner.start({ command: "sh", args: ["-c", script] });
  await running.printed("ready");
  running.child.kill("SIGUSR1");
  const { report, exitCode } = await running.ended;
  expect(exitCode).toBe(7);
  expect(report).toMatchObject({ outcome: "failed", signal: null });
});

describe("told to end from outside", () => {
  const SAY = "trap 'echo got INT' INT; trap 'echo got TERM' TERM; echo ready $$";
  const WAIT = "while :; do sleep 0.05; done";
  const stop = { outsideMs: 1000 };

  test("as on GitHub, dagger gets SIGINT, and is killed in time for our report", async () => {
    const command = runner.script("dagger", `${SAY}; ${WAIT}`);
    const signaled = runner.file();
    const running = runner.start({ command, stop, lingersUntil: signaled });
    const pid = Number(/ready (\d+)/.exec(await running.printed("ready"))?.[1]);
    running.child.kill("SIGINT");
    await running.printed("got INT\n");
    await untilGone(pid);
    // A second signal, such as GitHub sends, must not stop us from writing the report.
    running.child.kill("SIGTERM");
    writeFileSync(signaled, "");
    const { report, exitCode, stdout } = await running.ended;
    expect(stdout.toString()).toMatch(/^ready \d+\ngot INT\n$/);
    expect(exitCode).toBe(137);
    expect(report).toMatchObject({ outcome: "interrupted", signal: "SIGKILL" });
  });

  test("as with Docker and Buildkite, dagger gets SIGINT in place of SIGTERM", async () => {
    const running = runner.start({ command: runner.script("dagger", `${SAY}; ${WAIT}`), stop });
    await running.printed("ready");
    running.child.kill("SIGTERM");
    const { report, exitCode, stdout } = await running.ended;
    expect(stdout.toString()).toMatch(/^ready \d+\ngot INT\n$/);
    expect(exitCode).toBe(137);
    expect(report.outcome).toBe("interrupted");
  });

  test("a second signal is passed on unchanged", async () => {
    const script = `${SAY}; trap 'echo got TERM; exit 5' TERM; ${WAIT}`;
    const running = runner.start({ command: runner.script("dagger", script) });
    await running.printed("ready");
    running.child.kill("SIGTERM");
    await running.printed("got INT\n");
    running.child.kill("SIGTERM");
    const { exitCode, stdout } = await running.ended;
    expect(stdout.toString()).toMatch(/got INT\ngot TERM\n$/);
    expect(exitCode).toBe(5);
  });

  test("a shell gets the first signal unchanged", async () => {
    const running = runner.start({ command: "sh", args: ["-c", `${SAY}; ${WAIT}`], stop });
    await running.printed("ready");
    running.child.kill("SIGTERM");
    const { report, stdout } = await running.ended;
    expect(stdout.toString()).toMatch(/^ready \d+\ngot TERM\n$/);
    expect(report.outcome).toBe("interrupted");
  });
});

/** Returns the one-letter state of a process, as Linux shows it. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

describeWhere(process.platform === "linux")("on Linux", () => {
  test("SIGTSTP and SIGCONT are passed on, and the clocks pause meanwhile", async () => {
    // Each output restarts the idle limit, so a busy machine may take its time to stop the process.
    const idleTimeoutMs = 4000;
    const over = runner.file();
    const running = runner.start({
      command: "sh",
      args: ["-c", `echo ready $$; until [ -e '${over}' ]; do echo at work; sleep 0.02; done`],
      limits: { idleTimeoutMs },
    });
    const pid = Number(/ready (\d+)/.exec(await running.printed("ready"))?.[1]);
    running.child.kill("SIGTSTP");
    while (stateOf(pid) !== "T") await sleep(10);
    await sleep(idleTimeoutMs + 500);
    running.child.kill("SIGCONT");
    writeFileSync(over, "");
    const { report } = await running.ended;
    expect(report).toMatchObject({ outcome: "succeeded", attempts: [{ timedOut: null }] });
  });

  describe("when we are killed", () => {
    /** Returns the watcher processes of a run. They are found by the name that they give themselves. */
    function watchersOf(parent: number): number[] {
      return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => {
          try {
            const isOurs = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("breaker-watcher");
            const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
            return isOurs && new RegExp(`\\) [RSD] ${parent} `).test(stat);
          } catch {
            return false;
          }
        });
    }

    test("the command is told to end, with all that it has started", async () => {
      const running = runner.start({
        command: "sh",
        args: ["-c", "sleep 60 & echo ready $$ $!; wait"],
      });
      const [, ...pids] = /ready (\d+) (\d+)/.exec(await running.printed("ready")) ?? [];
      running.ended.catch(() => undefined);
      running.child.kill("SIGKILL");
      await Promise.all(pids.map((pid) => untilGone(Number(pid))));
    });

    test("what does not end when it is told to is ended by force", async () => {
      const script = "trap '' TERM; echo ready $$; while :; do sleep 0.05; done";
      const running = runner.start({ command: "sh", args: ["-c", script] });
      const [, pid] = /ready (\d+)/.exec(await running.printed("ready")) ?? [];
      running.ended.catch(() => undefined);
      running.child.kill("SIGKILL");
      await untilGone(Number(pid));
    });

    test("the watcher of that holds one pipe alone, and touches nothing after a normal end", async () => {
      const script =
        // The process that is left behind ignores the signal from its start.
        "trap '' USR1; sleep 60 > /dev/null 2>&1 & trap 'exit 0' USR1; echo ready $!; while :; do sleep 0.05; done";
      const running = runner.start({ command: "sh", args: ["-c", script] });
      const left = Number(/ready (\d+)/.exec(await running.printed("ready"))?.[1]);
      const watchers = () => watchersOf(running.child.pid ?? 0);
      await expect.poll(() => watchers().length, { timeout: 60_000 }).toBe(1);
      const [watcher = 0] = watchers();
      expect(watcher).toBeGreaterThan(0);
      const held = () =>
        readdirSync(`/proc/${watcher}/fd`).map((name) =>
          readlinkSync(`/proc/${watcher}/fd/${name}`),
        );
      const others = () =>
        held()
          .slice(1)
          .filter((target) => target !== "/dev/null");
      await expect.poll(others).toEqual([]);
      expect(held()[0]).toMatch(/^(?:socket|pipe):/);
      running.child.kill("SIGUSR1");
      expect((await running.ended).exitCode).toBe(0);
      await untilGone(watcher);
      expect(isAlive(left)).toBe(true);
      process.kill(left, "SIGKILL");
    });
  });
});
