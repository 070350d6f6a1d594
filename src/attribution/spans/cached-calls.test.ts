import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cachedCallsOf } from "./cached-calls.js";
import type { EngineSpan } from "./span.js";

const recorded = readFileSync(
  new URL("../../../tests/fixtures/traces/spans.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): EngineSpan & { case: string; engine: string } => JSON.parse(line));

function callsOf(engine: string, name: string): (string | null)[] {
  const spans = recorded.filter((span) => span.engine === engine && span.case === name);
  return cachedCallsOf(spans).map(({ call }) => call);
}

test("returns the names of calls that an engine answered from its cache", () => {
  expect(callsOf("v0.21.8", "module-ok")).toEqual(["Query.container", "Container.withExec"]);
  expect(callsOf("v0.21.8", "hub-ok")).toEqual([]);
});

test("an older engine marks the work for a call instead", () => {
  expect(callsOf("v0.19.11", "ok-exec").sort()).toEqual(["Container.from", "Container.withExec"]);
});

test("work of the engine for itself is not a call", () => {
  expect(callsOf("v0.19.11", "version")).toEqual([]);
});

const http = recorded.find(
  ({ name, status, case: of }) => name === "Query.http" && status === "ok" && of === "http-ok",
) as EngineSpan;
const CACHED = { "dagger.io/dag.cached": true };

test("a known URL avoids a request to its host, and counts once", () => {
  const cached = { ...http, attributes: { ...http.attributes, ...CACHED } };
  const inside = { ...http, name: "HTTPState._resolve", id: "inside", attributes: CACHED };
  const child = { ...inside, parent: http.id };
  const expected = [{ call: "Query.http", upstream: { kind: "http", host: "files.example.com" } }];
  expect(cachedCallsOf([cached])).toEqual(expected);
  expect(cachedCallsOf([http, child])).toEqual(expected);
  expect(cachedCallsOf([http])).toEqual([]);
});

test("a name that is not a function is counted but not shown", () => {
  const strange = { ...http, name: "token=hunter2 run", attributes: CACHED };
  expect(cachedCallsOf([strange])).toEqual([{ call: null, upstream: null }]);
});

test("a span that has not ended, or is not of the engine's core, is not a call", () => {
  const cached = { ...http, name: "Container.from", attributes: CACHED };
  expect(cachedCallsOf([{ ...cached, endNs: "0" }])).toEqual([]);
  expect(cachedCallsOf([{ ...cached, scope: "user" }])).toEqual([]);
});
