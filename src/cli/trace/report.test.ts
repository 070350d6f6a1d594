import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CommandTrace } from "../../runner/contacts/command-tracing.js";
import { ContactTotals } from "../../runner/contacts/contacts.js";
import { type TraceFacts, traceReport } from "./report.js";

const BODIES = {
  bodies: 13,
  bytes: 1,
  spans: 1,
  undecodable: 0,
  unread: 0,
  unreadByKind: {},
  tooLarge: 0,
  refused: 0,
  forwarded: 11,
  retried: 0,
  dropped: 2,
  queuedBodies: 0,
  queuedBytes: 0,
  ownSpans: 0,
  ownSpansDropped: 0,
};

const recorded = readFileSync(
  new URL("../../../tests/fixtures/traces/spans.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

function traceOf(given: Partial<CommandTrace> = {}, spans = recorded.slice(0, 50)): CommandTrace {
  const totals = new ContactTotals();
  totals.add(spans);
  return { contacts: totals.totals(), bodies: BODIES, hasCollector: false, ...given };
}

function reportOf(given: Partial<TraceFacts> = {}) {
  return traceReport({
    end: { exitCode: 0, signal: null },
    durationMs: 1234.5678,
    trace: traceOf(),
    offReason: undefined,
    warnings: [],
    env: {},
    ...given,
  });
}

const codes = (report: ReturnType<typeof reportOf>) => report.notes.map(({ code }) => code);

test("a report contains the end of the command and its contacts, in plain numbers", () => {
  const report = reportOf({ end: { exitCode: 143, signal: "SIGTERM" } });
  expect(report).toMatchObject({ exitCode: 143, signal: "SIGTERM", durationMs: 1235, notes: [] });
  for (const { durationMs, slowestMs } of report.contacts?.upstreams ?? []) {
    expect(String(durationMs)).toMatch(/^[0-9]+(\.[0-9]{1,3})?$/);
    expect(String(slowestMs)).toMatch(/^[0-9]+(\.[0-9]{1,3})?$/);
  }
});

test("shows the collector's counts only if there is one", () => {
  expect(reportOf().bodies).toMatchObject({ received: 13, forwarded: null, dropped: null });
  const trace = traceOf({ hasCollector: true });
  expect(reportOf({ trace }).bodies).toMatchObject({ forwarded: 11, dropped: 2 });
});

test("without traces it shows the reason, and no contacts", () => {
  const report = reportOf({ trace: undefined, offReason: "X is set" });
  expect(report).toMatchObject({ contacts: null, bodies: null });
  expect(report.notes).toEqual([{ code: "witness-off", text: "Nothing was traced: X is set." }]);
});

test("reports lost and unreadable bodies", () => {
  const bodies = { ...BODIES, undecodable: 1, tooLarge: 2, refused: 3 };
  const report = reportOf({ trace: traceOf({ bodies }) });
  expect(report.bodies).toMatchObject({ undecodable: 1, refused: 5 });
  expect(codes(report)).toEqual(["undecodable", "refused"]);
});

test("reports omitted entries", () => {
  const contacts = { ...traceOf().contacts, omitted: { exchanges: 3, images: 0 } };
  expect(codes(reportOf({ trace: traceOf({ contacts }) }))).toEqual(["omitted"]);
});

test.each([
  [{}, /was not a dagger command/],
  [{ DAGGER_SESSION_PORT: "1234" }, /another program opened/],
  [{ TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" }, /TRACEPARENT/],
])("reports why no spans came, with %j", (env, words) => {
  const [note] = reportOf({ trace: traceOf({}, []), env }).notes;
  expect(note?.code).toBe("no-spans");
  expect(note?.text).toMatch(words);
});

test("spans of the program itself are not the engine's", () => {
  const own = { ...recorded[0], scope: "mine", name: "mine" };
  expect(codes(reportOf({ trace: traceOf({}, [own]) }))).toEqual(["no-spans"]);
});

test("rewords warnings for readers of a trace", () => {
  const warnings = [
    { code: "traces-sampled", text: "for a guard." },
    { code: "traces-dropped", text: "The collector refuses." },
    { code: "traces-other", text: "Other." },
  ];
  expect(reportOf({ warnings }).notes.map(({ text }) => text)).toEqual([
    "OTEL_TRACES_SAMPLER is set: spans that it drops are missing here.",
    "The collector refuses. It did not get 2 of 13 exports.",
    "Other.",
  ]);
});
