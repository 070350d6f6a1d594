/** Tests that docs/shared-circuits.md shows shared circuits as the program prints them. */

import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { NamedChange } from "../../../src/cli/change-object.js";
import { changeLine } from "../../../src/cli/fleet/change.js";
import { historyLines } from "../../../src/cli/fleet/history.js";
import { circuitLines } from "../../../src/cli/fleet/table.js";
import type { FleetSnapshot } from "../../../src/fleet/rules/reply.js";
import { UNKNOWN_SNAPSHOT } from "../../../src/fleet/rules/snapshot.js";

const docs = readFileSync(new URL("../../../docs/shared-circuits.md", import.meta.url), "utf8");
const stream = () => new PassThrough();
const terminal = { stdin: stream(), stdout: stream(), stderr: stream(), env: {} };

const MINUTE_MS = 60_000;
const reporter = { id: "a", host: "runner-7", run: "https://ci.example/runs/7" };
const failure = { fault: "registry", rule: "registry.server-error", limited: false, reporter };

const circuit = (name: string, more: Partial<FleetSnapshot>) => ({
  name,
  snapshot: { ...UNKNOWN_SNAPSHOT, generation: 1, ...more },
});
const change = (more: Partial<NamedChange["change"]>): NamedChange => ({
  name: "registry:docker.io",
  change: {
    atMs: Date.UTC(2026, 2, 14, 9, 26, 53),
    generation: 1,
    reason: "tripped",
    from: "closed",
    to: "open",
    forMs: MINUTE_MS,
    by: reporter,
    failure,
    owner: null,
    note: null,
    ...more,
  },
});

const shown = (lines: readonly string[]) => `\`\`\`\n${lines.join("\n")}\n\`\`\`\n`;

test("the table of status", () => {
  const isolation = {
    reason: "moves to another data centre",
    owner: "ada@ops-1",
    ageMs: 12 * MINUTE_MS,
    remainingMs: 48 * MINUTE_MS,
  };
  const counts = (successes: number, failures: number, late: number) => ({
    counts: { successes, failures, late },
  });
  const entries = [
    circuit("git:github.com", { isolation, ...counts(310, 2, 0) }),
    circuit("registry:docker.io", {
      state: "open",
      ageMs: 20_000,
      retryAfterMs: 40_000,
      failure,
      ...counts(1204, 9, 3),
    }),
    circuit("registry:ghcr.io", { ageMs: 3 * 24 * 60 * MINUTE_MS, ...counts(880, 0, 0) }),
  ];
  expect(docs).toContain(shown(circuitLines(entries, terminal)));
});

test("the table of history", () => {
  const changes = [
    change({}),
    change({
      atMs: Date.UTC(2026, 2, 14, 9, 27, 2),
      reason: "reset",
      from: "open",
      to: "closed",
      forMs: null,
      by: null,
      failure: null,
      owner: "ada@ops-1",
      note: "it is back",
    }),
  ];
  expect(docs).toContain(shown(historyLines(changes, terminal)));
});

test("a line of watch", () => {
  const limited = { ...failure, rule: "registry.limited", limited: true };
  expect(docs).toContain(
    shown([changeLine(change({ reason: "opened-at-once", failure: limited }))]),
  );
});
