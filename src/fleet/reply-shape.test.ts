import { expect, test } from "vitest";
import { isChange, isEntry, isReply } from "./reply-shape.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "./rules/reply.js";

const reporter = { id: "r1", host: "runner", run: null };
const failure = { fault: "registry", rule: "status-503", limited: false, reporter };
const snapshot: FleetSnapshot = {
  generation: 5,
  state: "open",
  ageMs: 1,
  retryAfterMs: 2,
  badSeconds: 0,
  reporters: 0,
  probes: 0,
  openings: 1,
  isolation: { reason: "stop", owner: "Ann", ageMs: 1, remainingMs: 2 },
  failure,
  counts: { successes: 1, failures: 2, late: 3 },
};
const change: FleetChange = {
  atMs: 1,
  generation: 5,
  reason: "tripped",
  from: "closed",
  to: "open",
  forMs: 2,
  by: reporter,
  failure,
  owner: null,
  note: null,
};
const reply: FleetReply = {
  admitted: 0,
  refusal: "open",
  counted: 1,
  late: 0,
  changes: [change],
  snapshot,
};

/**
 * Yields copies of a value. In each copy, one field has a wrong type. Nested fields are included.
 */
function* garbled(value: object): Generator<{ readonly path: string; readonly value: object }> {
  for (const [name, field] of Object.entries(value)) {
    const become = (other: unknown) =>
      Array.isArray(value) ? [other] : { ...value, [name]: other };
    for (const other of [undefined, Number.NaN, Symbol("other")]) {
      yield { path: `${name} as ${String(other)}`, value: become(other) };
    }
    if (typeof field !== "object" || field === null) continue;
    for (const inner of garbled(field)) {
      yield { path: `${name}.${inner.path}`, value: become(inner.value) };
    }
  }
}

test("accepts replies made by the rules", () => {
  expect(isReply(reply, 0)).toBe(true);
  expect(isReply(JSON.parse(JSON.stringify(reply)), 0)).toBe(true);
  expect(isEntry({ name: "api", snapshot })).toBe(true);
  expect(isChange(change)).toBe(true);
});

test.each([...garbled(reply)].map(({ path, value }) => [path, value] as const))(
  "rejects a reply with %s",
  (_path, value) => {
    expect(isReply(value, 0)).toBe(false);
  },
);

test("admits no more calls than asked for", () => {
  const admitted = { ...reply, admitted: 2, refusal: null };
  expect(isReply(admitted, 2)).toBe(true);
  expect(isReply(admitted, 1)).toBe(false);
  expect(isReply({ ...reply, admitted: 1, refusal: null }, 2)).toBe(false);
});
