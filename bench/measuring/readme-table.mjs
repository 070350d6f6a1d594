/** Renders the short comparison in the README from the same results as docs/benchmarks.md. */

import { numberAsText } from "./report.mjs";

const NAMES = ["ours", "cockatiel", "opossum"];
/**
 * The rows of the table. Each has its text, a suite, a column of that suite, and the row for each
 * contender.
 */
const ROWS = [
  ["closed call (a bare await is 1)", "closed", "/ bare", NAMES],
  ["failing call (a bare await is 1)", "failing", "/ bare", NAMES],
  ["rejected call", "rejection", "a call", ["ours, tryExecute", "cockatiel", "opossum"]],
  ["heap for each closed call", "call-heap", "over bare", NAMES],
  ["memory of an idle breaker", "idle", "kept", NAMES],
  ["timers of an idle breaker", "idle", "timers", NAMES],
  [
    "call with 10,000 calls in the window (a bare await is 1)",
    "windows",
    "/ bare",
    ["ours, count window, 10,000", "cockatiel, count window, 10,000", "opossum, 10,000"],
  ],
];

const HEAD = ["| measured | this package | cockatiel 4 | opossum 10 |", "|---|---:|---:|---:|"];

export function readmeTable(suites) {
  const rows = ROWS.map(([words, suiteName, column, rowNames]) => {
    const suite = suites.find(({ name }) => name === suiteName);
    const cells = rowNames.map((rowName) => {
      const { median, unit } = suite.rows.find(({ name }) => name === rowName).cells[column];
      return numberAsText(median, unit);
    });
    return `| ${words} | ${cells.join(" | ")} |`;
  });
  return [...HEAD, ...rows].join("\n");
}
