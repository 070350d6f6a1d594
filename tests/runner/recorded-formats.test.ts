/** Tests commands recorded in every progress format of Dagger 0.21 and 1.0, with `run` and with `classify`. */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { classifyFailure } from "../../src/attribution/classify/classify-failure.js";
import type { UpstreamKind } from "../../src/attribution/failure.js";
import { breakerName } from "../../src/attribution/hosts.js";
import { evidenceFromSpans } from "../../src/attribution/spans/evidence.js";
import type { EngineSpan } from "../../src/attribution/spans/span.js";
import { run } from "../../src/cli/command-line.js";
import { withSeenHost } from "../../src/runner/attempt/command-failure.js";
import type { RunReport } from "../../src/runner/report/run-report.js";
import { builtRunner } from "./built-runner.js";

interface Label {
  readonly fault: string;
  readonly counts: boolean;
  readonly upstream?: string | null;
}

interface Recorded {
  readonly engine: string;
  readonly id: string;
  readonly format: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly failures: readonly Label[];
}

const commands = readFileSync(
  new URL("../fixtures/attribution/commands-2.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): Recorded => JSON.parse(line));
const piped = commands.filter(({ format }) => format !== "tty");
const nameOf = ({ engine, id }: Recorded) => `${engine} ${id}`;

/** Returns the first difference between two texts; empty when they are equal. */
function firstDifference(one: string, other: string): string {
  if (one === other) return "";
  let at = 0;
  while (one[at] === other[at]) at += 1;
  return `${JSON.stringify(one.slice(at, at + 200))} for ${JSON.stringify(other.slice(at, at + 200))}`;
}

/** Returns the commands whose classification differs from their label. */
function wrong(
  all: readonly Recorded[],
  told: (command: Recorded) => Pick<Label, "fault" | "counts"> | null | undefined,
): string[] {
  return all
    .filter((command) => {
      const found = told(command);
      const { failures, exitCode } = command;
      if (failures.length === 0) return exitCode === 0 && (found ?? null) !== null;
      return !failures.some(
        ({ fault, counts }) => found?.fault === fault && found.counts === counts,
      );
    })
    .map(nameOf);
}

describe("run", () => {
  const runner = builtRunner();

  test("passes all of them on byte for byte, with their exit codes, and judges them as labeled", () => {
    const folder = join(runner.folder, "recorded");
    mkdirSync(folder);
    const dagger = join(folder, "dagger");
    writeFileSync(dagger, '#!/bin/sh\ncat "$1.out"; cat "$1.err" >&2; exit "$2"\n');
    chmodSync(dagger, 0o755);
    const order = piped.map(({ stdout, stderr, exitCode, args }, index) => {
      const path = join(folder, `${index}`);
      writeFileSync(`${path}.out`, stdout);
      writeFileSync(`${path}.err`, stderr);
      return { path, exitCode, args };
    });
    const file = runner.file();
    writeFileSync(file, JSON.stringify({ dist: runner.dist, dagger, commands: order }));
    const driver = new URL("./replay-driver.mjs", import.meta.url).pathname;
    const options = { env: runner.env(), maxBuffer: 64 * 1024 * 1024 };
    const ran = spawnSync(process.execPath, [driver, file], options);
    // Only the first difference is shown, because a whole log would hide it.
    expect(firstDifference(`${ran.stdout}`, piped.map(({ stdout }) => stdout).join(""))).toBe("");
    expect(firstDifference(`${ran.stderr}`, piped.map(({ stderr }) => stderr).join(""))).toBe("");
    const runs: { report: RunReport; failedIn: string[] }[] = JSON.parse(
      readFileSync(file, "utf8"),
    );
    expect(runs.map(({ report }) => report.exitCode)).toEqual(piped.map((one) => one.exitCode));
    const byName = new Map(piped.map((one, index) => [nameOf(one), runs[index]]));
    const misjudged = wrong(piped, (one) => byName.get(nameOf(one))?.report.failure);
    expect(misjudged).toEqual([]);
    const blamed = piped.filter((one) => {
      const expected = one.failures
        .filter(({ counts, upstream }) => counts && (upstream ?? null) !== null)
        .map(({ fault, upstream }) => breakerName(fault as UpstreamKind, upstream ?? ""));
      const failedIn = byName.get(nameOf(one))?.failedIn ?? [];
      return failedIn.some((name) => name !== "engine" && !expected.includes(name));
    });
    expect(blamed.map(nameOf)).toEqual([]);
  }, 300_000);
});

test("the spans of the command name every host that the output does not", () => {
  const spansOf = (engine: string) => {
    const file = engine.startsWith("v1") ? "spans-1.0" : "spans";
    const url = new URL(`../fixtures/traces/${file}.jsonl`, import.meta.url);
    const lines = readFileSync(url, "utf8").trim().split("\n");
    const spans = lines.map((line): EngineSpan & { case: string } => JSON.parse(line));
    return spans.filter((span) => span.case === "module-fetch-503");
  };
  const evidence = new Map(
    ["v0.21.8", "v1.0.0-beta.10"].map((engine) => [engine, evidenceFromSpans(spansOf(engine))]),
  );
  const hosts = commands.flatMap((command) =>
    command.failures.flatMap(({ upstream }) => (upstream ? [{ ...command, upstream }] : [])),
  );
  const unnamed = hosts.filter(
    ({ stdout, stderr, upstream }) => !`${stdout}${stderr}`.includes(upstream),
  );
  // For over 93 % of the failures, the output itself must contain the host.
  expect(unnamed.length).toBeGreaterThanOrEqual(9);
  expect(unnamed.length / hosts.length).toBeLessThan(0.07);
  for (const { engine, id, stdout, stderr, exitCode, upstream } of unnamed) {
    const said = classifyFailure(`${stdout}\n${stderr}`, { source: "cli", exitCode });
    expect(said.upstream, id).toBeNull();
    expect(withSeenHost(said, evidence.get(engine) ?? []).upstream, id).toBe(upstream);
  }
});

test("classify judges all of them as labeled, including those of terminals", async () => {
  const told = new Map<string, { failure: Label | null }>();
  for (const command of commands) {
    const stdout = new PassThrough();
    const terminal = {
      stdin: Readable.from([Buffer.from(`${command.stdout}\n${command.stderr}`)]),
      stdout,
      stderr: new PassThrough(),
      env: {},
    };
    const args = ["classify", "--json", "--exit-code", `${command.exitCode}`];
    await run(args, terminal as never);
    stdout.end();
    told.set(nameOf(command), JSON.parse(String(stdout.read())));
  }
  const misjudged = wrong(commands, (one) => told.get(nameOf(one))?.failure);
  expect(misjudged).toEqual([]);
});
