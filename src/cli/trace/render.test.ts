import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { ContactTotals } from "../../runner/contacts/contacts.js";
import { type Paint, paintFor } from "../terminal.js";
import { reportLines } from "./render.js";
import type { TraceReport } from "./report.js";

const spans = readFileSync(
  new URL("../../../tests/fixtures/traces/spans.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

function paint(isTTY: boolean): Paint {
  return paintFor({ stdout: { isTTY } as NodeJS.WriteStream, env: {} });
}

function reportOf(given: Partial<TraceReport> = {}, ...cases: string[]): TraceReport {
  const totals = new ContactTotals();
  totals.add(spans.filter((span) => span.engine === "v0.21.8" && cases.includes(span.case)));
  return {
    exitCode: 0,
    signal: null,
    durationMs: 12_345,
    contacts: totals.totals(),
    bodies: null,
    notes: [],
    ...given,
  };
}

test("a report has a line on the end, a table for each kind, the cache and the images", () => {
  const report = reportOf({ exitCode: 3 }, "ok-exec", "hub-q429", "digest-ok", "git-ok");
  expect(reportLines(report, paint(false))).toMatchInlineSnapshot(`
    [
      "dagger-breaker trace: exit code 3 after 12.3 s, 4 requests to the engine",
      "REGISTRY                      ASKED  OK  FAILED  LIMITED  AGAIN    TIME  SLOWEST",
      "registry-1.docker.io             13   8       0        5      4  100 ms    56 ms",
      "auth.docker.io",
      "  for registry:docker.io          3   3       0        0      0    6 ms     4 ms",
      "GIT                           ASKED  OK  FAILED  LIMITED  AGAIN    TIME  SLOWEST",
      "github.com                        2   2       0        0      0  129 ms    71 ms",
      "From the cache: 1 call (Container.from 1).",
      "IMAGE",
      "docker.io/library/busybox:h5",
      "  sha256:4fcc380aac80c17646cd400d073fd526af4b5fc447c4622d8cd85b74a8fc8d4c",
    ]
  `);
});

test("a line never exceeds 80 columns, except for one long name alone", () => {
  const cases = [...new Set(spans.map((span) => String(span.case)))];
  const long = `${"layers-".repeat(9)}store.example.com`;
  const report = reportOf({}, ...cases);
  const [first] = report.contacts?.upstreams ?? [];
  const upstreams = [
    ...(report.contacts?.upstreams ?? []),
    { ...first, host: long, serves: `registry:${long}`, exchanges: 123_456, durationMs: 3_723_000 },
  ] as NonNullable<TraceReport["contacts"]>["upstreams"];
  const contacts = { ...report.contacts, upstreams } as TraceReport["contacts"];
  const notes = [{ code: "x", text: "word ".repeat(60).trim() }];
  const lines = reportLines({ ...report, contacts, notes }, paint(false));
  const longer = lines.filter((line) => line.length > 80 && line.trim() !== `for registry:${long}`);
  expect(longer.filter((line) => line !== long)).toEqual([]);
  expect(lines).toContain(long);
});

test("colors are for a terminal: red for failures, yellow for limits", () => {
  const report = reportOf({}, "hub-q429", "hub-s503");
  const coloured = reportLines(report, paint(true)).join("\n");
  expect(coloured).toContain("\u001b[31m       2\u001b[39m");
  expect(coloured).toContain("\u001b[33m        5\u001b[39m");
  const plain = reportLines(report, paint(false)).join("\n");
  expect(stripVTControlCharacters(coloured)).toBe(plain);
});

test("shows that there was no upstream", () => {
  const lines = reportLines(reportOf({}, "digest-ok"), paint(false));
  expect(lines.slice(1, 3)).toEqual([
    "No upstream was contacted.",
    "From the cache: 1 call (Container.from 1).",
  ]);
  expect(lines.join("\n")).toContain("busybox:h5  no request");
});

test("names the hosts that the cache avoided", () => {
  const report = reportOf({}, "version");
  const cached = { calls: 2, byCall: [], hosts: [{ kind: "http", host: "x.io", calls: 2 }] };
  const contacts = { ...report.contacts, cached } as TraceReport["contacts"];
  expect(reportLines({ ...report, contacts }, paint(false))).toContain(
    "No request to http x.io: 2 calls came from the cache.",
  );
});

test("without traces, shows only the end and the notes", () => {
  const notes = [{ code: "witness-off", text: "Nothing was traced." }];
  const report = reportOf({
    contacts: null,
    signal: "SIGTERM",
    exitCode: 143,
    durationMs: 90,
    notes,
  });
  expect(reportLines(report, paint(false))).toEqual([
    "dagger-breaker trace: ended by SIGTERM after 90 ms",
    "Nothing was traced.",
  ]);
});
