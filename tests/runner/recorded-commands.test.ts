/**
 * Tests every command that was recorded on real engines, with the runner. The output must be complete, and
 * the label decides the expected result.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { UpstreamKind } from "../../src/attribution/failure.js";
import { breakerName } from "../../src/attribution/hosts.js";
import { builtRunner, type Ran } from "./built-runner.js";

interface Recorded {
  readonly engine: string;
  readonly id: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly failures: readonly {
    readonly fault: string;
    readonly counts: boolean;
    readonly upstream?: string;
  }[];
}

const commands = readFileSync(
  new URL("../fixtures/attribution/commands.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): Recorded => JSON.parse(line));

const runner = builtRunner();

/** Returns the names of the breakers that counted a failure. */
function failedIn({ breakers }: Ran): string[] {
  return Object.entries(breakers)
    .filter(([, { failureCount }]) => failureCount > 0)
    .map(([name]) => name);
}

/** Returns which breakers must count a failure, according to the command's label. */
function expectedIn({ failures: [label] }: Recorded): string[] {
  if (label?.counts !== true) return [];
  if (label.fault === "engine") return ["engine"];
  return [breakerName(label.fault as UpstreamKind, label.upstream ?? "")];
}

test.each(commands.map((command) => [`${command.engine} ${command.id}`, command] as const))(
  "%s",
  async (_title, command) => {
    const ran = await runner.run({ dagger: ["recorded", command.engine, command.id] });
    expect(ran.exitCode).toBe(command.exitCode);
    expect(ran.stdout.toString()).toBe(command.stdout);
    expect(ran.stderr.toString()).toBe(command.stderr);
    const [label] = command.failures;
    expect(ran.report.outcome).toBe(command.exitCode === 0 ? "succeeded" : "failed");
    expect(ran.report.failure?.fault).toBe(label?.fault);
    expect(ran.report.failure?.counts).toBe(label?.counts);
    expect(failedIn(ran)).toEqual(expectedIn(command));
    expect(ran.report.failure?.breaker ?? null).toBe(expectedIn(command)[0] ?? null);
    const limited = /429 Too Many/.test(command.stderr);
    const open = Object.entries(ran.breakers).filter(([, { state }]) => state !== "closed");
    expect(open.map(([name]) => name)).toEqual(limited ? expectedIn(command) : []);
  },
);

describe("the engine's work for a command", () => {
  test.each([
    ["ok", { successCount: 1, ignoredCount: 0 }],
    ["exec-fail", { successCount: 1, ignoredCount: 0 }],
    ["pull-404", { successCount: 1, ignoredCount: 0 }],
    ["pull-503", { successCount: 1, ignoredCount: 0 }],
    ["badcmd", { successCount: 0, ignoredCount: 1 }],
    ["bad-host", { successCount: 0, ignoredCount: 1 }],
  ])("%s: counts as a success of it only if it has worked", async (id, expected) => {
    const { breakers } = await runner.run({ dagger: ["recorded", "v0.21.8", id] });
    expect(breakers.engine).toMatchObject({ ...expected, failureCount: 0, inFlightCount: 0 });
  });

  test("counts nothing when the command needs no engine, as far as traces show", async () => {
    const { breakers } = await runner.run({
      dagger: ["exit", "0"],
      traces: true,
      sendsTraces: true,
    });
    expect(breakers.engine).toMatchObject({ successCount: 0, ignoredCount: 1 });
  });

  test("counts nothing for another program without a sign of it", async () => {
    const { breakers } = await runner.run({ command: "true" });
    expect(breakers.engine).toMatchObject({ successCount: 0, failureCount: 0, inFlightCount: 0 });
  });
});
