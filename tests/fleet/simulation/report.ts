/** Renders the results of the simulations as tables for a page. */

import type { Finding, Findings } from "./scenarios.js";
import type { Result } from "./tally.js";

const BEGIN = "<!-- simulated: written by scripts/simulate-fleet.mjs -->";
const END = "<!-- end of what was simulated -->";

const PROTECTIONS = {
  none: "none",
  local: "a breaker in each process",
  shared: "shared",
} as const;

/**
 * Returns a page with these findings between its two markers.
 *
 * @throws Error when the page lacks the markers.
 */
export function pageWithFindings(page: string, findings: Findings): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks "${BEGIN}" or "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tablesOf(findings)}\n\n${page.slice(end)}`;
}

/** Returns the tables, each under its heading. */
export function tablesOf(findings: Findings): string {
  return [
    "### Half an hour down",
    outageTable(findings.outages),
    "### What must open nothing",
    harmlessTable(findings.harmless),
    "### A broken runner that draws jobs",
    "One runner of 101 fails a job every five seconds, for six hours; all else is well.",
    drawingTable(findings.drawing),
    "### Outages of other lengths",
    "Connections are refused; a thousand runners with a shared circuit.",
    lengthTable(findings.lengths),
  ].join("\n\n");
}

function outageTable(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ name, results }) => {
    const unprotected = results.find(({ protection }) => protection === "none")?.vainRequests ?? 0;
    return results.map((result) => [
      name,
      PROTECTIONS[result.protection],
      whole(result.vainRequests),
      percent(result.vainRequests / unprotected),
      whole(result.vainRequestsOfFirstMinute),
      decimal(result.vainRequestsPerMinuteThen),
      wronged(result),
      seconds(result.halfBackS),
      seconds(result.allBackS),
      openings(result),
      whole(result.localTrips),
    ]);
  });
  return table(
    [
      "the registry",
      "breaker",
      "requests in vain",
      "of those without",
      "first minute",
      "a minute, then",
      "wrongly refused",
      "half pass after",
      "all pass after",
      "shared: opened, reopened",
      "processes that opened",
    ],
    rows,
  );
}

function harmlessTable(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ name, results }) =>
    results.map((result) => [
      name,
      PROTECTIONS[result.protection],
      whole(result.pulls),
      whole(result.failedPulls),
      wronged(result),
      openings(result),
      whole(result.localTrips),
    ]),
  );
  return table(
    [
      "what happens",
      "breaker",
      "pulls",
      "failed",
      "wrongly refused",
      "shared: opened, reopened",
      "processes that opened",
    ],
    rows,
  );
}

function drawingTable(drawing: Findings["drawing"]): string {
  const rows = drawing.map(({ pullsPerMinute, byProcess, byMachine }) => [
    decimal(pullsPerMinute),
    ...[byProcess, byMachine].flatMap((result) => [openings(result), wronged(result)]),
  ]);
  return table(
    [
      "pulls a minute of the others",
      "reporters are processes: opened, reopened",
      "wrongly refused",
      "reporters are machines: opened, reopened",
      "wrongly refused",
    ],
    rows,
  );
}

function lengthTable(lengths: Findings["lengths"]): string {
  const rows = lengths.map(({ minutes, growing, steady }) => [
    `${minutes} min`,
    ...[growing, steady].flatMap((result) => [
      whole(result.reopenings),
      seconds(result.allBackS),
      wronged(result),
    ]),
  ]);
  return table(
    [
      "down for",
      "growth 2: failed probes",
      "all pass after",
      "wrongly refused",
      "growth 1: failed probes",
      "all pass after",
      "wrongly refused",
    ],
    rows,
  );
}

/** Renders a table. The first column contains text, and the others contain numbers or words. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function openings({ trips, reopenings }: Result): string {
  return trips === 0 ? "0" : `${whole(trips)}, ${whole(reopenings)}`;
}

function wronged({ wronglyRefusedPulls, wronglyRefusedJobs }: Result): string {
  if (wronglyRefusedPulls === 0) return "0";
  return `${whole(wronglyRefusedPulls)} of ${whole(wronglyRefusedJobs)} jobs`;
}

function seconds(count: number): string {
  return `${whole(count)} s`;
}

function whole(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function decimal(count: number): string {
  return count >= 10 ? whole(Math.round(count)) : String(Number(count.toFixed(1)));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
