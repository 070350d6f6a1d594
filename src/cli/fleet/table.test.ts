import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import { UNKNOWN_SNAPSHOT } from "../../fleet/rules/snapshot.js";
import { widthOf } from "../plain-text.js";
import type { Terminal } from "../terminal.js";
import { circuitLines } from "./table.js";

function terminal(isTTY: boolean, columns?: number): Terminal {
  const stream = () => Object.assign(new PassThrough(), { isTTY, ...(columns && { columns }) });
  return { stdin: stream(), stdout: stream(), stderr: stream(), env: { NO_COLOR: "1" } };
}

const circuit = (name: string, more: Partial<FleetSnapshot>) => ({
  name,
  snapshot: { ...UNKNOWN_SNAPSHOT, generation: 1, ageMs: 90_000, ...more },
});

const reporter = { id: "a", host: "runner-7", run: "https://ci.example/runs/7" };
const entries = [
  circuit("git:github.com", {
    isolation: { reason: "moves ".repeat(30), owner: "ada", ageMs: 1000, remainingMs: 59_000 },
  }),
  circuit("registry:docker.io", {
    state: "half-open",
    probes: 2,
    retryAfterMs: 1500,
    failure: { fault: null, rule: "ECONNRESET", limited: false, reporter },
  }),
  circuit("registry:ghcr.io", {
    badSeconds: 1,
    reporters: 2,
    counts: { successes: 1204, failures: 2, late: 1 },
  }),
];

test("a stream that is not a terminal gets everything", () => {
  expect(circuitLines(entries, terminal(false, 60))).toEqual([
    `NAME                STATE      FOR    RETRY IN  OK    FAILED  LATE  ${"WHY".padEnd(180)}  BY`,
    `git:github.com      isolated   1 s    59 s      0     0       0     ${"moves ".repeat(30)}  ada`,
    `registry:docker.io  half-open  1 min  2 s       0     0       0     ${"ECONNRESET, 2 probes".padEnd(180)}  runner-7, https://ci.example/runs/7`,
    `registry:ghcr.io    closed     1 min            1204  2       1     1 bad second in a row, reported by 2 processes`,
  ]);
});

test.each([80, 90, 99, 100, 120, 200])(
  "no line is longer than a terminal of %i columns",
  (columns) => {
    const lines = circuitLines(entries, terminal(true, columns));
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    expect(lines[0]?.includes("FAILED")).toBe(columns >= 100);
    expect(lines[1]).toMatch(/… +ada$/);
  },
);

test("a terminal of 80 columns shows state, since, retry, failure and opener on one line", () => {
  const failure = { fault: "registry", rule: "registry.server-error", limited: false, reporter };
  const nowMs = Date.UTC(2026, 2, 14, 9, 28, 23);
  const open = { state: "open", retryAfterMs: 30_000, failure } as const;
  const lines = circuitLines(
    [
      circuit("registry:docker.io", open),
      circuit("git:github.com", {
        ...open,
        state: "half-open",
        ageMs: 28_800_000,
        retryAfterMs: 0,
      }),
      { name: "registry:ghcr.io", snapshot: UNKNOWN_SNAPSHOT },
    ],
    terminal(true, 80),
    nowMs,
  );
  expect(lines).toEqual([
    "NAME                STATE      SINCE      RETRY  WHY                    BY",
    "registry:docker.io  open       09:26:53Z  30 s   registry.server-error  runner-7",
    "git:github.com      half-open  01:28:23Z  now    registry.server-error  runner-7",
    "registry:ghcr.io    unknown                      not known to the sto…",
  ]);
});

test("a state of another day is shown with its date", () => {
  const nowMs = Date.UTC(2026, 2, 14, 9, 28, 23);
  const [, line] = circuitLines([circuit("api", { ageMs: 36_000_000 })], terminal(true, 80), nowMs);
  expect(line).toMatch(/^api {3}closed {2}2026-03-13$/);
});

test("a long name is cut so that the line still fits", () => {
  const failure = { fault: "http", rule: "http.server-error", limited: false, reporter };
  const name = `http:${"a-very-long-host-name".repeat(4)}.example.com`;
  const more = { state: "open", retryAfterMs: 30_000, failure } as const;
  const [, line = ""] = circuitLines([circuit(name, more)], terminal(true, 80));
  expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(line).toMatch(/^http:a-very\S+… {2}open .+ 30 s {3}http\.\S+ +runner-7$/);
});

test("a malicious name stays on its line", () => {
  const lines = circuitLines([circuit("\u001b[2J\nregistry:x", {})], terminal(true, 100));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^\ufffd\[2J registry:x {2}closed/);
});
