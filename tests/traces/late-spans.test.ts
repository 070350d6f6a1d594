// Replays bodies as engines sent them: the requests of a module's function arrived in a later body than the
// function's call.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { EngineSpan } from "../../src/attribution/spans/span.js";
import { SpanCollector } from "../../src/traces/span-collector.js";

interface Recorded {
  readonly engine: string;
  readonly id: string;
  readonly spans?: readonly (EngineSpan & { readonly body?: number })[];
}

const rows = readFileSync(new URL("../fixtures/attribution/live.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded)
  .filter(({ id }) => id === "module-fetch-503-missed");

test("there are recordings of both lines", () => {
  expect(rows.map(({ engine }) => engine).sort()).toEqual([
    "v0.21.8",
    "v0.21.8",
    "v1.0.0-beta.10",
    "v1.0.0-beta.10",
  ]);
});

test.each(rows)("$engine: finds the host that a function contacted", async ({ spans = [] }) => {
  let take: (spans: readonly EngineSpan[]) => void = () => {};
  const collector = new SpanCollector({
    onSpans: (listener) => {
      take = listener;
      return () => {};
    },
  });
  const own = spans.find(({ name }) => name === "guarded request");
  const watched = collector.watch({
    traceId: own?.trace ?? "",
    spanId: own?.id ?? "",
  } as Parameters<SpanCollector["watch"]>[0]);
  const bodies = [...new Set(spans.map(({ body = 0 }) => body))].sort((a, b) => a - b);
  const exchanges = watched.exchanges(60_000);
  for (const body of bodies) take(spans.filter((span) => span.body === body));
  expect(await exchanges).toMatchObject([
    { kind: "http", host: "files.example.com", outcome: "failed", forgeable: true },
  ]);
  collector.close();
});
