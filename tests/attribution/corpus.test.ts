import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { classifyFailure } from "../../src/attribution/classify/classify-failure.js";
import { classifyResponse } from "../../src/attribution/classify/classify-response.js";
import type { Failure, Fault } from "../../src/attribution/failure.js";
import { breakerName } from "../../src/attribution/hosts.js";

interface Label {
  readonly fault: Fault;
  readonly counts: boolean;
  readonly upstream?: string | null;
  readonly suspectedUpstream?: string | null;
}

interface Case {
  readonly label: Label;
  readonly got: Failure | undefined;
}

function read<T>(name: string): T[] {
  const file = new URL(`../fixtures/attribution/${name}`, import.meta.url);
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

type Message = Label & {
  message: string;
  operation?: string;
  seenIn: string;
  transient?: boolean | null;
  retryAfterMs?: number | null;
};

function messages(name: string): Case[] {
  return read<Message>(name).map((row) => ({
    label: row,
    got: classifyFailure(row.message, { operation: row.operation, source: row.seenIn }),
  }));
}

function rowsOfMessages(): Message[] {
  return ["failures.jsonl", "variants.jsonl", "holdout-failures.jsonl"].flatMap((name) =>
    read<Message>(name),
  );
}

interface Answer {
  status: number;
  contentType: string | null;
  body: string | null;
  query: string | null;
  failures: Label[] | null;
}

/**
 * Reads recorded answers and classifies them. The failures of an answer have no fixed order, so labels and
 * results are sorted before they are compared.
 */
function answers(name: string): Case[] {
  return read<Answer>(name).flatMap(({ status, contentType, body, query, failures }) => {
    if (failures === null) return [];
    const said = classifyResponse({ status, contentType, body }, { query: query ?? undefined });
    expect(said).toHaveLength(failures.length);
    const order = (one: Label | Failure) => `${one.fault} ${one.counts}`;
    const got = [...said].sort((a, b) => order(a).localeCompare(order(b)));
    return [...failures]
      .sort((a, b) => order(a).localeCompare(order(b)))
      .map((label, index) => ({ label, got: got[index] }));
  });
}

interface Command {
  stdout: string;
  stderr: string;
  exitCode: number;
  failures: Label[];
}

function commands(name: string): Case[] {
  return read<Command>(name).flatMap(({ stdout, stderr, exitCode, failures }) =>
    failures.map((label) => ({
      label,
      got: classifyFailure(`${stdout}\n${stderr}`, { source: "cli", exitCode }),
    })),
  );
}

function share(right: number, all: number): number {
  return all === 0 ? 1 : right / all;
}

function sameHost({ label, got }: Case): boolean {
  if (typeof label.upstream !== "string" || typeof got?.upstream !== "string") return false;
  return breakerName("registry", label.upstream) === breakerName("registry", got.upstream);
}

const SOURCES: [string, () => Case[], number][] = [
  ["the corpus", () => messages("failures.jsonl"), 261],
  ["our variants", () => messages("variants.jsonl"), 1_800],
  ["a blind hold-out", () => messages("holdout-failures.jsonl"), 300],
  ["the answers of a blind hold-out", () => answers("holdout-answers.jsonl"), 55],
  ["the commands of a blind hold-out", () => commands("holdout-commands.jsonl"), 25],
  ["texts labeled before they were tried", () => messages("unseen.jsonl"), 640],
  ["answers labeled before they were tried", () => answers("unseen-answers.jsonl"), 190],
  [
    "texts of git and of tools, labeled before they were tried",
    () => messages("unseen-tools.jsonl"),
    168,
  ],
  [
    "answers of functions, labeled before they were tried",
    () => answers("unseen-tools-answers.jsonl"),
    18,
  ],
  ["the answers of real engines", () => answers("answers.jsonl"), 170],
  ["our variants of answers", () => answers("variant-answers.jsonl"), 95],
  ["the output of real commands", () => commands("commands.jsonl"), 38],
  ["our variants of commands", () => commands("variant-commands.jsonl"), 95],
];

test.each(SOURCES)(
  "%s: whose fault it is, whether it counts, and which host",
  (_name, load, atLeast) => {
    const cases = load();
    expect(cases.length).toBeGreaterThanOrEqual(atLeast);
    const faultRight = cases.filter(({ label, got }) => label.fault === got?.fault).length;
    const countsRight = cases.filter(({ label, got }) => label.counts === got?.counts).length;
    expect(share(faultRight, cases.length)).toBeGreaterThanOrEqual(0.98);
    expect(share(countsRight, cases.length)).toBeGreaterThanOrEqual(0.99);
    const named = cases.filter(({ label }) => typeof label.upstream === "string");
    expect(share(named.filter(sameHost).length, named.length)).toBeGreaterThanOrEqual(0.95);
    const given = cases.filter(
      ({ label, got }) => label.upstream !== undefined && got?.upstream !== null,
    );
    expect(share(given.filter(sameHost).length, given.length)).toBeGreaterThanOrEqual(0.98);
  },
);

test.each(SOURCES)("%s: nothing of the user's and no cancellation counts", (_name, load) => {
  const harmless = load().filter(
    ({ label }) => label.fault === "user" || label.fault === "cancelled",
  );
  expect(harmless.length).toBeGreaterThan(10);
  expect(harmless.filter(({ got }) => got?.counts)).toEqual([]);
});

test.each(SOURCES)("%s: each fault is found nine times in ten", (_name, load) => {
  const cases = load();
  for (const fault of new Set(cases.map(({ label }) => label.fault))) {
    const all = cases.filter(({ label }) => label.fault === fault);
    if (all.length < 10) continue;
    const found = all.filter(({ got }) => got?.fault === fault);
    expect(share(found.length, all.length), fault).toBeGreaterThanOrEqual(0.9);
  }
});

test("delays are those that a server stated, never those of a client's own", () => {
  for (const row of rowsOfMessages()) {
    const { retryAfterMs } = classifyFailure(row.message, { operation: row.operation });
    if (row.retryAfterMs === undefined) continue;
    if (row.retryAfterMs === null) expect(retryAfterMs, row.message).toBeNull();
    else expect(retryAfterMs, row.message).toBe(Math.ceil(row.retryAfterMs));
  }
});

test("what may pass by itself is told from what will not", () => {
  const rows = rowsOfMessages().filter(({ transient }) => typeof transient === "boolean");
  const right = rows.filter(
    ({ message, operation, seenIn, transient }) =>
      classifyFailure(message, { operation, source: seenIn }).transient === transient,
  );
  expect(rows.length).toBeGreaterThan(400);
  expect(share(right.length, rows.length)).toBeGreaterThanOrEqual(0.98);
});

test("finds the host that a failed command suspects, and no host that a test's assertion names", () => {
  const blamed = [
    ...answers("answers.jsonl"),
    ...answers("variant-answers.jsonl"),
    ...messages("variants.jsonl"),
    ...commands("variant-commands.jsonl"),
  ].filter(({ label }) => label.suspectedUpstream !== undefined);
  expect(blamed.filter(({ label }) => label.suspectedUpstream !== null).length).toBeGreaterThan(60);
  expect(blamed.filter(({ label }) => label.suspectedUpstream === null).length).toBeGreaterThan(5);
  for (const { label, got } of blamed) expect(got?.suspectedUpstream).toBe(label.suspectedUpstream);
});
