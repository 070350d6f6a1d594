import { expect, test } from "vitest";
import { UNKNOWN_SNAPSHOT } from "../../../fleet/rules/snapshot.js";
import { CircuitView } from "./circuit-view.js";

const entry = (name: string, generation: number) => ({
  name,
  snapshot: { ...UNKNOWN_SNAPSHOT, generation },
});
const generations = (view: CircuitView) =>
  Object.fromEntries(view.entries(0).map(({ name, snapshot }) => [name, snapshot.generation]));

test("the answer to a poll is what is known, older or not", () => {
  const view = new CircuitView([]);
  view.push(entry("a", 9), 1);
  view.push(entry("b", 9), 1);
  view.replace([entry("a", 5)], 2, 3);
  expect(generations(view)).toEqual({ a: 5 });
});

test("what is pushed while a poll is on its way is newer than its answer", () => {
  const view = new CircuitView([]);
  view.push(entry("a", 9), 3);
  view.push(entry("new", 1), 3);
  view.replace([entry("a", 5), entry("b", 1)], 2, 4);
  expect(generations(view)).toEqual({ a: 9, b: 1, new: 1 });
});

test("a push that is older than what is known is dropped", () => {
  const view = new CircuitView([]);
  view.push(entry("a", 9), 1);
  view.push(entry("a", 8), 2);
  expect(generations(view)).toEqual({ a: 9 });
});

test("only circuits that are named are taken in", () => {
  const view = new CircuitView(["a"]);
  view.push(entry("a", 1), 1);
  view.push(entry("b", 1), 1);
  expect(generations(view)).toEqual({ a: 1 });
});

test("each circuit grows older from when it was heard of", () => {
  const view = new CircuitView([]);
  view.replace([entry("a", 1), entry("b", 1)], 0, 100);
  view.push(entry("b", 2), 250);
  const ages = view.entries(1000).map(({ name, snapshot }) => [name, snapshot.ageMs]);
  expect(ages).toEqual([
    ["a", 900],
    ["b", 750],
  ]);
});
