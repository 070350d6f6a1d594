/** Tests that the main example prints its story as text and as JSON, and exits with 0 on success. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/packaging/cache.mjs";
import { startSessionDouble } from "../../src/testing/index.js";
import { RedisServer } from "../fleet/redis/redis-server.js";
import { type Ended, run, runExample } from "./run.js";

interface Told {
  readonly atMs: number;
  readonly event: string;
  readonly text: string;
  readonly [key: string]: unknown;
}

const SCRIPT = "scripts/dagger/run_circuit_breaker_example.sh";
const MAIN = "circuit-breaker-example";

/** The story as text, in an environment with colors. It runs once for several tests. */
const inText = runExample(MAIN, [], { FORCE_COLOR: "1", COLORTERM: "truecolor" });

test.concurrent("it prints its story as text, as the README shows it", async () => {
  const { code, stdout, stderr } = await inText;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const shown = comparable(shownInReadme());
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.filter(presentInOrder(comparable(stdout)))).toEqual(shown);
});

test.concurrent("without a terminal there are no colors", async () => {
  const { stdout } = await inText;
  expect(stdout).not.toContain("\u001b");
});

test.concurrent("with --json each line is an object, and the script adds none", async () => {
  const ended = await run(`./${SCRIPT}`, ["--json"]);
  expect(ended).toMatchObject({ code: 0 });
  const story = linesOf(ended);
  const times = story.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((one, other) => one - other));
  expect(waitedMs(story)).toBeGreaterThan(1_000);
  expect(waitedMs(story)).toBeLessThan(10_000);
  const changes = story.filter(({ event }) => event === "stateChange");
  expect(changes.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
    "closed -> open",
    "open -> half-open",
    "half-open -> open",
    "open -> half-open",
    "half-open -> closed",
    "closed -> open",
  ]);
  const events = new Set(story.map(({ event }) => event));
  for (const event of ["call", "failure", "rejected", "fallback", "waiting", "retry", "metric"]) {
    expect(events).toContain(event);
  }
  const metrics = Object.fromEntries(
    story.filter(({ event }) => event === "metric").map(({ name, value }) => [name, value]),
  );
  expect(metrics).toMatchObject({ state: "closed", failureCount: 4, stateChanges: 5 });
  expect(story.at(-1)).toMatchObject({ event: "end", ok: true, broken: [] });
});

test("with --store a second terminal is rejected because of the first one's failures", async () => {
  const redis = await RedisServer.start();
  try {
    const first = await runExample(MAIN, ["--json", "--store", redis.url]);
    const second = await runExample(MAIN, ["--json", "--store", redis.url]);
    expect([first.code, second.code]).toEqual([0, 0]);
    const outcomes = [first, second].map((ended) =>
      linesOf(ended).find(({ event }) => event === "asked"),
    );
    expect(outcomes).toMatchObject([{ outcome: "failed" }, { outcome: "rejected", asked: 0 }]);
  } finally {
    await redis.close();
  }
});

test("with an unreachable --store it prints the reason, and ends with 1", async () => {
  const ended = await runExample(MAIN, ["--json", "--store", "redis://127.0.0.1:1"]);
  expect(ended.code).toBe(1);
  expect(linesOf(ended).at(-1)?.broken).toEqual([expect.stringMatching(/store can be reached/)]);
});

test.concurrent("with --traces it shows what the engine's own spans add", async () => {
  const ended = await runExample(MAIN, ["--json", "--traces"]);
  expect(ended.code).toBe(0);
  const story = linesOf(ended);
  const counts = story.filter(({ event }) => event === "proof");
  expect(counts.map(({ successCount }) => successCount)).toEqual([1, 1]);
  const runs = story.filter(({ event, run: count }) => event === "call" && count !== undefined);
  expect(runs.map(({ asked }) => asked)).toEqual([2, 2, 0]);
  expect(story.filter(({ event }) => event === "pinned")).toHaveLength(2);
  expect(ended.stderr).toContain("is requested by its digest");
  expect(story.at(-1)).toMatchObject({ event: "end", ok: true });
});

test.concurrent("an unexpected story is reported as broken and ends with exit code 1", async () => {
  // The engine is killed at the first command, so the chapter about a healthy engine fails.
  await using session = await startSessionDouble({
    faults: [{ operation: "withExec", calls: 1, kind: "engineKilled" }],
  });
  const ended = await runExample(MAIN, ["--json"], { ...session.environment });
  expect(ended.code).toBe(1);
  const story = linesOf(ended);
  expect(story.find(({ event }) => event === "session")).toMatchObject({ kind: "environment" });
  expect(story.at(-1)).toMatchObject({
    event: "end",
    ok: false,
    broken: expect.arrayContaining(["no call failed because of the engine"]),
  });
});

test.concurrent("a missing image breaks the story, although it opens no circuit", async () => {
  await using session = await startSessionDouble({
    faults: [{ host: "docker.io", kind: "status", status: 404 }],
  });
  const ended = await runExample(MAIN, ["--json"], { ...session.environment });
  expect(ended.code).toBe(1);
  expect(linesOf(ended).at(-1)?.broken).toEqual([
    "echo ran and returned its output",
    "the failing test ran, and failed by its own exit code",
  ]);
});

test.concurrent("with --engine 1.0 the double acts like an engine of 1.0, and the story succeeds", async () => {
  const ended = await runExample(MAIN, ["--json", "--engine", "1.0"]);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const texts = linesOf(ended).map(({ text }) => text);
  expect(texts).toContain("call: version -> v1.0.0-beta.10");
  expect(existsSync(join(ROOT, "dagger.lock"))).toBe(false);
  const refused = await runExample(MAIN, ["--engine", "2"]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('invalid --engine "2"');
});

/** Adds up the delays that the story chooses itself. The rest of its time depends on the machine. */
function waitedMs(story: readonly Told[]): number {
  let waitMs = 0;
  let announcedMs = 0;
  for (const { to, retryAfterMs, delayMs } of story) {
    announcedMs = Number(retryAfterMs ?? announcedMs);
    waitMs += Number(delayMs ?? 0) + (to === "half-open" ? announcedMs : 0);
  }
  return waitMs;
}

function linesOf({ stdout }: Ended): readonly Told[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
}

/** Returns a function that checks that `all` contains each next line after the line before. */
function presentInOrder(all: readonly string[]): (line: string) => boolean {
  let from = 0;
  return (line) => {
    const at = all.indexOf(line, from);
    if (at >= 0) from = at + 1;
    return at >= 0;
  };
}

/** Returns the example's output in the README: the one block in which the engine is killed. */
function shownInReadme(): string {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const block = /```text\n((?:(?!```).)*?the engine is killed under it.*?)```/s.exec(readme)?.[1];
  if (block === undefined) throw new Error("README.md does not show the output of the example");
  return block;
}

/**
 * Replaces numbers and removes the reason for the choice of session, so that outputs of two runs can be
 * compared.
 */
function comparable(output: string): readonly string[] {
  return output
    .split("\n")
    .map((line) => line.trim().replace(/^[\d.]+s\s+/, ""))
    .filter((line) => line !== "")
    .map((line) => (line.startsWith("Uses the session double") ? "Uses the double" : line))
    .map((line) => line.replace(/\d+(\.\d+)?/g, "N"));
}
