import { expect, test } from "vitest";
import { UNKNOWN_SNAPSHOT } from "../../../fleet/rules/snapshot.js";
import { CircuitView } from "./circuit-view.js";

const entry = (name: string, generation: number) => ({
  name,
  snapshot: { ...UNKNOWN_SNAPSHOT, generation },
});
const generations = (view: CircuitView) =>
  Object.fromEntries(view.entries(0).map(({ name, snapshot }) => [name, snapshot.generation]));

test("a poll replaces the known state, older or not", () => {
  const view = new CircuitView([]);
  view.push(entry("a", 9), 1);
  view.push(entry("b", 9), 1);
  view.replace([entry("a", 5)], 2, 3);
  expect(generations(view)).toEqual({ a: 5 });
});

test("a push during a poll is newer than its reply", () => {
  const view = new CircuitView([]);
  view.push(entry("a", 9), 3);
  view.push(entry("new", 1), 3);
  view.replace([entry("a", 5), entry("b", 1)], 2, 4);
  expect(generations(view)).toEqual({ a: 9, b: 1, new: 1 });
});

test("drops a push that is older than the known state", () => {
  const view = new CircuitView([]);
  view.push(entry("a", 9), 1);
  view.push(entry("a", 8), 2);
  expect(generations(view)).toEqual({ a: 9 });
});

test("accepts only named circuits", () => {
  const view = new CircuitView(["a"]);
  view.push(entry("a", 1), 1);
  view.push(entry("b", 1), 1);
  expect(generations(view)).toEqual({ a: 1 });
});

test("each circuit ages from its last news", () => {
  const view = new CircuitView([]);
  view.replace([entry("a", 1), entry("b", 1)], 0, 100);
  view.push(entry("b", 2), 250);
  const ages = view.entries(1000).map(({ name, snapshot }) => [name, snapshot.ageMs]);
  expect(ages).toEqual([
    ["a", 900],
    ["b", 750],
  ]);
});
