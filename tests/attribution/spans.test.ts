// Compares what the recorded spans of real engines show with what really happened.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { breakerName } from "../../src/attribution/hosts.js";
import { type Evidence, evidenceFromSpans } from "../../src/attribution/spans/evidence.js";
import type { EngineSpan } from "../../src/attribution/spans/span.js";

interface RecordedSpan extends EngineSpan {
  readonly engine: string;
  readonly case: string;
}

interface RecordedFailure {
  readonly fault: "registry" | "git" | "http" | "user" | "engine" | "service";
  readonly upstream?: string;
  readonly counts: boolean;
}

interface RecordedAnswer {
  readonly engine: string;
  readonly id: string;
  readonly ms: number;
  readonly failures?: readonly RecordedFailure[] | null;
}

const spans = new Map<string, RecordedSpan[]>();
for (const span of ["traces/spans.jsonl", "traces/spans-1.0.jsonl"].flatMap(readSpans)) {
  const key = `${span.engine} ${span.case}`;
  spans.set(key, [...(spans.get(key) ?? []), span]);
}
const answers = ["attribution/answers.jsonl", "attribution/answers-1.0.jsonl"]
  .flatMap((file) => readLines<RecordedAnswer>(file))
  .map((answer) => ({ ...answer, key: `${answer.engine} ${answer.id}` }))
  .filter(({ key }) => spans.has(key));

/** Cases of modules whose errors do not name the host. Only spans name it. */
const UNNAMED: Readonly<Record<string, string>> = {
  "v0.21.8 module-fetch-503": "http:files.example.com",
  "v1.0.0-beta.10 module-fetch-503": "http:files.example.com",
};

const counting = answers.filter(({ failures }) => failures?.some(({ counts }) => counts));
const working = answers.filter(({ failures }) => failures?.length === 0);
const users = answers.filter(
  ({ failures }) => failures?.length && failures.every(({ counts }) => !counts),
);
const hanging = answers.filter(({ id, failures }) => id.endsWith("hang") && !failures?.length);

test("there is enough to prove something with", () => {
  expect(counting.length).toBeGreaterThanOrEqual(85);
  expect(working.length).toBeGreaterThanOrEqual(35);
  expect(users.length).toBeGreaterThanOrEqual(100);
  expect(hanging.length).toBe(12);
});

test.each(counting)("$key: against the host that failed, and no other", ({ key, failures }) => {
  const found = blamed(evidenceFromSpans(spansOf(key)));
  const failed = failures?.filter(({ counts }) => counts) ?? [];
  expect(found).toEqual(
    failed.map(({ fault, upstream }) =>
      upstream === undefined ? UNNAMED[key] : breakerName(fault as "http", upstream),
    ),
  );
});

test.each(users)("$key: a user error counts against no host", ({ key }) => {
  expect(blamed(evidenceFromSpans(spansOf(key)))).toEqual([]);
});

test.each(working)("$key: what worked and asked a host proves that it answered", ({ key }) => {
  const evidence = evidenceFromSpans(spansOf(key));
  expect(blamed(evidence)).toEqual([]);
  expect(new Set(evidence.map(({ kind, host }) => breakerName(kind, host)))).toEqual(
    new Set(hostsAsked(key)),
  );
});

test.each(hanging)("$key: who gave up matters", ({ key, ms }) => {
  expect(blamed(evidenceFromSpans(spansOf(key)))).toEqual([]);
  expect(blamed(evidenceFromSpans(spansOf(key), { timedOutAfterMs: ms }))).toHaveLength(1);
  // A hang during only a small part of a long timeout does not prove that the host failed.
  expect(blamed(evidenceFromSpans(spansOf(key), { timedOutAfterMs: 4 * ms }))).toEqual([]);
});

test("a mixture of requests gives each its own observed exchanges", () => {
  const apart = counting.flatMap(({ key }) => evidenceFromSpans(spansOf(key)));
  const mixed = evidenceFromSpans(counting.flatMap(({ key }) => spansOf(key)).reverse());
  expect(mixed).toHaveLength(apart.length);
  expect(new Set(mixed.map(({ requestId }) => requestId)).size).toBe(counting.length);
});

test("what an engine asks by itself cannot be forged, what the function of a module asks can", () => {
  for (const key of spans.keys()) {
    for (const { forgeable } of evidenceFromSpans(spansOf(key))) {
      expect(forgeable, key).toBe(/ module-(?:ok|pull|fetch)/.test(key));
    }
  }
});

test("observed exchanges contain no part of a URL, a path or a message", () => {
  const all = JSON.stringify(evidenceFromSpans([...spans.values()].flat()));
  for (const secret of ["hunter2", "faults", "manifests", "acme", "/a.txt", "EOF"]) {
    expect(all).not.toContain(secret);
  }
});

function spansOf(key: string): readonly RecordedSpan[] {
  return spans.get(key) ?? [];
}

function blamed(evidence: readonly Evidence[]): string[] {
  return evidence
    .filter(({ outcome }) => outcome !== "answered")
    .map(({ kind, host }) => breakerName(kind, host));
}

/** Returns the hosts that a working case must have contacted, read from the spans of its exchanges alone. */
function hostsAsked(key: string): string[] {
  return spansOf(key).flatMap(({ name, attributes }) => {
    if (name === "Query.http") return ["http:files.example.com"];
    if (name.startsWith("git ls-remote ")) return ["git:github.com"];
    if (name !== "remotes.docker.resolver.HTTPRequest") return [];
    const { "server.address": host, "server.port": port } = attributes;
    return [breakerName("registry", port === undefined ? String(host) : `${host}:${port}`)];
  });
}

function readSpans(file: string): RecordedSpan[] {
  return readLines<RecordedSpan>(file);
}

function readLines<T>(file: string): T[] {
  const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}
