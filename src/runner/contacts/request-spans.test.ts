import { expect, test } from "vitest";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { RequestSpans } from "./request-spans.js";

function span(id: string, parent: string, name = "work"): EngineSpan {
  const request = name === "POST /query";
  return {
    scope: request ? "dagger.io/engine.server" : "dagger.io/core",
    name,
    trace: "0af7651916cd43dd8448eb211c80319c",
    id,
    parent,
    startNs: "1795473288000000000",
    endNs: "1795473288010000000",
    status: "ok",
    message: "",
    attributes: {},
  };
}

function gatherer(maxWeight?: number) {
  const handedOn: string[][] = [];
  const requests = new RequestSpans(
    (spans) => handedOn.push(spans.map(({ id }) => id).sort()),
    maxWeight,
  );
  return { handedOn, requests };
}

/** Unrelated spans of another trace. */
const OTHERS = Array.from({ length: 200 }, (_, index) => span(`other ${index}`, "elsewhere"));

test("hands on a request some spans after its end, with all its descendants", () => {
  const { handedOn, requests } = gatherer();
  requests.take([span("c", "b"), span("a", "sent", "POST /query")]);
  requests.take([span("b", "a"), ...OTHERS.slice(0, 198)]);
  expect(handedOn).toEqual([]);
  requests.take(OTHERS.slice(198));
  expect(handedOn).toEqual([["a", "b", "c"]]);
  expect(requests.size).toBe(200);
  requests.end();
  expect(handedOn[1]).toHaveLength(200);
  expect(requests.size).toBe(0);
});

test("a module's request does not wait for its parent", () => {
  const { handedOn, requests } = gatherer();
  requests.take([span("b1", "b"), span("b", "a1", "POST /query")]);
  requests.take(OTHERS);
  requests.take([span("a1", "a"), span("a", "sent", "POST /query")]);
  requests.take(OTHERS.map((other) => ({ ...other, trace: "f".repeat(32) })));
  expect(handedOn).toEqual([
    ["b", "b1"],
    ["a", "a1"],
  ]);
});

test("a repeated span counts once, and an unfinished one not at all", () => {
  const { handedOn, requests } = gatherer();
  requests.take([span("a", "b"), span("a", "b"), { ...span("c", "b"), endNs: "0" }]);
  requests.end();
  expect(handedOn).toEqual([["a"]]);
});

test("spans of other traces with the same ids are separate", () => {
  const { handedOn, requests } = gatherer();
  requests.take([{ ...span("b", "a"), trace: "f".repeat(32) }, span("a", "", "POST /query")]);
  requests.take(OTHERS);
  expect(handedOn).toEqual([["a"]]);
});

test("hands on nothing without spans", () => {
  const { handedOn, requests } = gatherer();
  requests.take([]);
  requests.end();
  expect(handedOn).toEqual([]);
});

test("holds spans in a circle and hands them on like others", () => {
  const { handedOn, requests } = gatherer(1_000);
  requests.take([span("a", "b"), span("b", "a"), span("c", "c"), span("d", "a")]);
  requests.end();
  expect(handedOn.flat().sort()).toEqual(["a", "b", "c", "d"]);
});

test("holds a bounded part of an endless request, and hands on each span once", () => {
  const { handedOn, requests } = gatherer(100_000);
  const COUNT = 20_000;
  let most = 0;
  for (let pair = 0; pair < COUNT / 2; pair += 1) {
    requests.take([span(`${pair}-in`, `${pair}`), span(`${pair}`, "endless")]);
    most = Math.max(most, requests.size);
  }
  requests.end();
  expect(most).toBeLessThan(250);
  const all = handedOn.flat();
  expect(all).toHaveLength(COUNT);
  expect(new Set(all).size).toBe(COUNT);
});
