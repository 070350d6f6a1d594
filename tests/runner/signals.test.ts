/** Signals reach a command once, with all that it has started, and end the waits of a run. */

import { constants } from "node:os";
import { expect, test } from "vitest";
import { builtRunner, untilGone } from "./built-runner.js";

const runner = builtRunner();
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

test.each(SIGNALS)("%s ends the command, and nobody is blamed for that", async (signal) => {
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
  const running = runner.start({ dagger: ["signals"] });
  await running.printed("ready");
  running.child.kill(signal);
  const { report, stdout } = await running.ended;
  expect(stdout.toString()).toContain(`${signal} 1\n`);
  expect(report).toMatchObject({ outcome: "succeeded", exitCode: 0 });
});

test("a signal reaches what the command has started as well", async () => {
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
