/** Renders the table of shared circuits. */

import type { FleetEntry } from "../../fleet/store.js";
import { plainText } from "../plain-text.js";
import { type Paint, paintFor, type Terminal, tableLines } from "../terminal.js";
import { ageText, waitText } from "../time-words.js";
import { ageOf, isKnown, type ShownState, secondText, stateOf, waitOf } from "./circuit.js";
import { fitted } from "./fit.js";
import { shortWhoText, shortWhyText, whoText, whyText } from "./words.js";

const HEAD = ["NAME", "STATE", "FOR", "RETRY IN", "OK", "FAILED", "LATE", "WHY", "BY"];
const NARROW_HEAD = ["NAME", "STATE", "SINCE", "RETRY", "WHY", "BY"];
const STATE_COLUMN = 1;

/**
 * A terminal with fewer columns gets a table without counts and with shorter texts. So each circuit
 * still fits on one line.
 */
const COLUMNS_FOR_COUNTS = 100;

const COLOURS: Readonly<Record<ShownState, keyof Paint>> = {
  isolated: "red",
  open: "red",
  "half-open": "yellow",
  closed: "green",
};

/**
 * Returns the lines of the table. On a terminal, long cells are cut to its width.
 *
 * @param nowMs The current time of this machine, for a narrow table.
 */
export function circuitLines(
  entries: readonly FleetEntry[],
  terminal: Terminal,
  nowMs = Date.now(),
): string[] {
  const paint = paintFor(terminal);
  const { isTTY, columns = COLUMNS_FOR_COUNTS } = terminal.stdout;
  const isNarrow = isTTY === true && columns < COLUMNS_FOR_COUNTS;
  const table = isNarrow
    ? [NARROW_HEAD, ...entries.map((entry) => narrowCells(entry, nowMs))]
    : [HEAD, ...entries.map(cells)];
  const rows = fitted(table, 0, terminal.stdout);
  const [head = "", ...lines] = tableLines(
    rows.map((row, index) => {
      const entry = entries[index - 1];
      if (entry === undefined) return row;
      const colour = isKnown(entry.snapshot) ? paint[COLOURS[stateOf(entry.snapshot)]] : paint.dim;
      return row.map((cell, column) => (column === STATE_COLUMN ? colour(cell) : cell));
    }),
  );
  return [paint.bold(head), ...lines];
}

/** Renders when the circuit admits calls again. Returns an empty text for a closed circuit. */
export function retryText(waitMs: number | null): string {
  if (waitMs === null) return "";
  return waitMs === 0 ? "now" : waitText(waitMs);
}

function cells({ name, snapshot }: FleetEntry): string[] {
  const { successes, failures, late } = snapshot.counts;
  return [
    plainText(name),
    isKnown(snapshot) ? stateOf(snapshot) : "unknown",
    isKnown(snapshot) ? ageText(ageOf(snapshot)) : "",
    retryText(waitOf(snapshot)),
    ...[successes, failures, late].map(String),
    whyText(snapshot),
    whoText(snapshot),
  ];
}

function narrowCells({ name, snapshot }: FleetEntry, nowMs: number): string[] {
  const known = isKnown(snapshot);
  return [
    plainText(name),
    known ? stateOf(snapshot) : "unknown",
    known ? sinceText(nowMs - ageOf(snapshot), nowMs) : "",
    retryText(waitOf(snapshot)),
    shortWhyText(snapshot),
    shortWhoText(snapshot),
  ];
}

/**
 * Renders a time in UTC. A time of the current day is shown as `09:26:53Z`, any other time as its
 * date.
 */
function sinceText(atMs: number, nowMs: number): string {
  const [day = "", time = ""] = secondText(atMs).split("T");
  return secondText(nowMs).startsWith(day) ? time : day;
}
