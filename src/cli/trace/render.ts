/** Renders the contacts of a command. Lines have at most 80 columns, unless a name is longer. */

import type { Contacts, ImageTotals, UpstreamTotals } from "../../runner/contacts/contacts.js";
import { WIDTH, wrapped } from "../plain-text.js";
import type { Paint } from "../terminal.js";
import { durationText } from "../time-words.js";
import { hasEngineSpans, type TraceReport } from "./report.js";

const HEADINGS = ["ASKED", "OK", "FAILED", "LIMITED", "AGAIN", "TIME", "SLOWEST"] as const;
const FAILED = HEADINGS.indexOf("FAILED");
const LIMITED = HEADINGS.indexOf("LIMITED");
/** The number of cached functions to name. The most frequent functions come first. */
const CALLS_NAMED = 4;

/** Returns the lines that `trace` prints. */
export function reportLines(report: TraceReport, paint: Paint): string[] {
  const { contacts, notes } = report;
  return [
    paint.bold(headline(report)),
    ...(contacts === null ? [] : contactLines(contacts, paint)),
    ...notes.flatMap(({ text }) => wrapped(text, WIDTH, "  ").map((line) => paint.yellow(line))),
  ];
}

function headline({ exitCode, signal, durationMs, contacts }: TraceReport): string {
  const end = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
  const seen = contacts === null ? "" : `, ${count(contacts.requests, "request")} to the engine`;
  return `dagger-breaker trace: ${end} after ${timeText(durationMs)}${seen}`;
}

function contactLines(contacts: Contacts, paint: Paint): string[] {
  const { upstreams, cached, images } = contacts;
  if (!hasEngineSpans(contacts)) return [];
  return [
    ...(upstreams.length === 0 ? ["No upstream was contacted."] : tables(upstreams, paint)),
    ...cachedLines(cached),
    ...imageLines(images, paint),
  ];
}

/**
 * Returns one table for each kind of upstream (registry, git, http). All tables have the same
 * columns.
 */
function tables(upstreams: readonly UpstreamTotals[], paint: Paint): string[] {
  const cells = new Map(upstreams.map((upstream) => [upstream, figuresOf(upstream)]));
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...[...cells.values()].map((row) => row[column]?.length ?? 0)),
  );
  const nameWidth = WIDTH - widths.reduce((sum, width) => sum + width + 2, 0);
  const figures = (row: readonly string[]): string[] =>
    row.map((cell, column) => `  ${cell.padStart(widths[column] ?? 0)}`);
  const kinds = [...new Set(upstreams.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => [
    paint.dim(`${kind.toUpperCase().padEnd(nameWidth)}${figures(HEADINGS).join("")}`),
    ...upstreams
      .filter((upstream) => upstream.kind === kind)
      .flatMap((upstream) => {
        const names = [upstream.host];
        if (upstream.serves !== null) names.push(`  for ${upstream.serves}`);
        if ((names.at(-1) ?? "").length > nameWidth) names.push("");
        const last = (names.pop() ?? "").padEnd(nameWidth);
        const row = painted(figures(cells.get(upstream) ?? []), upstream, paint);
        return [...names, `${last}${row.join("")}`];
      }),
  ]);
}

function figuresOf(upstream: UpstreamTotals): string[] {
  const { exchanges, answered, failed, limited, repeated, durationMs, slowestMs } = upstream;
  const counts = [exchanges, answered, failed, limited, repeated].map(String);
  return [...counts, timeText(durationMs), timeText(slowestMs)];
}

function painted(cells: string[], { failed, limited }: UpstreamTotals, paint: Paint): string[] {
  return cells.map((cell, column) => {
    if (column === FAILED && failed > 0) return paint.red(cell);
    return column === LIMITED && limited > 0 ? paint.yellow(cell) : cell;
  });
}

function cachedLines({ calls, byCall, hosts }: Contacts["cached"]): string[] {
  if (calls === 0) return ["Nothing came from the cache."];
  const named = byCall.slice(0, CALLS_NAMED).map(({ call, calls: of }) => `${call} ${of}`);
  if (byCall.length > CALLS_NAMED) named.push("...");
  const which = named.length === 0 ? "" : ` (${named.join(", ")})`;
  return [
    ...wrapped(`From the cache: ${count(calls, "call")}${which}.`, WIDTH, "  "),
    ...hosts.map(
      ({ kind, host, calls: of }) =>
        `No request to ${kind} ${host}: ${count(of, "call")} came from the cache.`,
    ),
  ];
}

function imageLines(images: readonly ImageTotals[], paint: Paint): string[] {
  if (images.length === 0) return [];
  return [
    paint.dim("IMAGE"),
    ...images.flatMap(({ image, digests, asked }) => [
      asked ? image : `${image}  ${paint.green("no request")}`,
      // An image without a tag already contains its digest.
      ...digests.filter((digest) => !image.endsWith(digest)).map((digest) => `  ${digest}`),
    ]),
  ];
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? "" : "s"}`;
}

function timeText(ms: number): string {
  if (ms < 999.5 || ms >= 60_000) return durationText(ms);
  return `${(ms / 1000).toFixed(1)} s`;
}
