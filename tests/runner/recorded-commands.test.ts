/** Every command that was recorded on real engines, run by the runner: nothing of it is lost, and its label decides. */

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

/** The names of breakers that have counted a failure. */
function failedIn({ breakers }: Ran): string[] {
  return Object.entries(breakers)
    .filter(([, { failureCount }]) => failureCount > 0)
    .map(([name]) => name);
}

/** Which breaker must count the failure of a command, by its label. */
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

describe("what the engine has done for a command", () => {
  test.each([
    ["ok", { successCount: 1, ignoredCount: 0 }],
    ["exec-fail", { successCount: 1, ignoredCount: 0 }],
    ["pull-404", { successCount: 1, ignoredCount: 0 }],
    ["pull-503", { successCount: 1, ignoredCount: 0 }],
    ["badcmd", { successCount: 0, ignoredCount: 1 }],
    ["bad-host", { successCount: 0, ignoredCount: 1 }],
  ])("%s: counts as a success of it only where it has worked", async (id, expected) => {
    const { breakers } = await runner.run({ dagger: ["recorded", "v0.21.8", id] });
    expect(breakers.engine).toMatchObject({ ...expected, failureCount: 0, inFlightCount: 0 });
  });

  test("is nothing when the command asks none, as far as traces could tell", async () => {
    const { breakers } = await runner.run({
      dagger: ["exit", "0"],
      traces: true,
      sendsTraces: true,
    });
    expect(breakers.engine).toMatchObject({ successCount: 0, ignoredCount: 1 });
  });

  test("is nothing for another program that shows no sign of it", async () => {
    const { breakers } = await runner.run({ command: "true" });
    expect(breakers.engine).toMatchObject({ successCount: 0, failureCount: 0, inFlightCount: 0 });
  });
});
