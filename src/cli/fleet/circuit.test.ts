import { expect, test } from "vitest";
import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import { UNKNOWN_SNAPSHOT } from "../../fleet/rules/snapshot.js";
import { byUrgency, circuitObject, later, refusesAll } from "./circuit.js";

const NOW_MS = Date.UTC(2026, 2, 14, 9, 26, 53);
const snapshot = (more: Partial<FleetSnapshot>): FleetSnapshot => ({
  ...UNKNOWN_SNAPSHOT,
  generation: 7,
  ...more,
});
const isolation = { reason: "moves", owner: "ada", ageMs: 2000, remainingMs: 3000 };

test("times are on this machine's clock, from the store's durations", () => {
  const open = snapshot({ state: "open", ageMs: 20_000, retryAfterMs: 40_000 });
  expect(circuitObject({ name: "x", snapshot: open }, NOW_MS)).toMatchObject({
    state: "open",
    since: "2026-03-14T09:26:33.000Z",
    until: "2026-03-14T09:27:33.000Z",
    retryAfterMs: 40_000,
  });
});

test("an isolation takes precedence over the state, with its own times", () => {
  const isolated = snapshot({ isolation, ageMs: 9000 });
  expect(circuitObject({ name: "x", snapshot: isolated }, NOW_MS)).toMatchObject({
    state: "isolated",
    since: "2026-03-14T09:26:51.000Z",
    until: "2026-03-14T09:26:56.000Z",
    retryAfterMs: 3000,
    isolation: { reason: "moves", owner: "ada" },
  });
});

test("an unknown circuit has no times, and one that admits calls no end", () => {
  expect(circuitObject({ name: "x", snapshot: UNKNOWN_SNAPSHOT }, NOW_MS)).toMatchObject({
    known: false,
    state: "closed",
    since: null,
    until: null,
    retryAfterMs: null,
  });
  const due = snapshot({ state: "open", retryAfterMs: 0 });
  expect(circuitObject({ name: "x", snapshot: due }, NOW_MS)).toMatchObject({
    until: null,
    retryAfterMs: 0,
  });
});

test.each([
  ["isolated", { isolation }, true],
  ["open", { state: "open", retryAfterMs: 1 }, true],
  ["open, and its time is over", { state: "open", retryAfterMs: 0 }, false],
  ["half-open", { state: "half-open", retryAfterMs: 5000 }, false],
  ["closed", {}, false],
] as const)("every call is rejected: %s", (_what, more, refuses) => {
  expect(refusesAll(snapshot(more))).toBe(refuses);
});

test("sorts open circuits first, then by name", () => {
  const entries = [
    { name: "b", snapshot: snapshot({}) },
    { name: "a", snapshot: snapshot({}) },
    { name: "c", snapshot: snapshot({ state: "half-open" }) },
    { name: "d", snapshot: snapshot({ state: "open" }) },
    { name: "e", snapshot: snapshot({ isolation }) },
  ];
  expect(
    [...entries]
      .sort(byUrgency)
      .map(({ name }) => name)
      .join(""),
  ).toBe("edcab");
});

test("the view ages without the store: waits get shorter and end, an isolation ends", () => {
  const open = snapshot({ state: "open", ageMs: 100, retryAfterMs: 1500 });
  expect(later(open, 1000)).toMatchObject({ ageMs: 1100, retryAfterMs: 500 });
  expect(later(open, 1000.7)).toMatchObject({ ageMs: 1100, retryAfterMs: 500 });
  expect(later(open, 2000)).toMatchObject({ state: "open", retryAfterMs: 0 });
  const isolated = snapshot({ isolation });
  expect(later(isolated, 1000).isolation).toMatchObject({ ageMs: 3000, remainingMs: 2000 });
  expect(later(isolated, 3000).isolation).toBeNull();
});
