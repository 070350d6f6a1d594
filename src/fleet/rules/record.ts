/**
 * Keeps the counts of a circuit for reports. The counts never affect the state of the circuit. Each
 * part is one short text, in the same form in every store. So Lua can add to it without parsing
 * JSON.
 */

/**
 * The counts of one circuit. A state that an older version of this package stored has no counts
 * yet.
 */
export interface CircuitRecord {
  /** Sums by name, such as `rejected=3 failure.registry=2`. `tally.ts` defines the names. */
  readonly totals: string;
  /**
   * Entries of the form `second:successes:failures`, oldest first. Each holds the totals at the end
   * of a second with outcomes. Covers the last 120 seconds, and has one older entry to calculate
   * the first difference from.
   */
  readonly seconds: string;
  /**
   * The processes that hold probes, one in each line: the lease, its end in milliseconds, then host
   * and run as JSON.
   */
  readonly holders: string;
  /** The policy of the last settle command, as text. */
  readonly policy: string;
  /** The durations, in milliseconds, of the last runs that failed because of this upstream. */
  readonly failedRunsMs: string;
}

/** The record of a circuit that has no counts yet. */
export const NO_RECORD: CircuitRecord = {
  totals: "",
  seconds: "",
  holders: "",
  policy: "",
  failedRunsMs: "",
};

/**
 * The maximum number of names in a group of sums, such as `failure`. All further names share one
 * sum, such as `failure._OTHER`.
 */
export const MAX_NAMES = 32;
/** The number of seconds for which the outcomes of each second are kept. */
export const KEPT_SECONDS = 120;
/** The maximum number of probe holders that a circuit stores. */
export const MAX_HOLDERS = 16;
/** The maximum number of stored durations of failed runs. The median of these durations is used. */
export const MAX_FAILED_RUNS = 50;
/**
 * The maximum length of a part in characters. This code never writes a longer part, so such a part
 * is discarded.
 */
export const MAX_PART_LENGTH = 32_768;

const SECOND_MS = 1000;

/** Returns the second that contains a time in milliseconds. */
export function secondOf(ms: number): number {
  return Math.floor(ms / SECOND_MS);
}

/** Adds the sums of `added` to `totals`. Both have the form `name=sum name=sum`. */
export function addTotals(totals: string, added: string): string {
  const sums = readTotals(totals);
  const names = new Map<string, number>();
  for (const name of sums.keys()) names.set(groupOf(name), (names.get(groupOf(name)) ?? 0) + 1);
  for (const [given, sum] of readTotals(added)) {
    const group = groupOf(given);
    const count = names.get(group) ?? 0;
    const name = sums.has(given) || count < MAX_NAMES ? given : `${group}._OTHER`;
    if (!sums.has(name)) names.set(group, count + 1);
    sums.set(name, (sums.get(name) ?? 0) + sum);
  }
  return [...sums].map(([name, sum]) => `${name}=${sum}`).join(" ");
}

/** Reads sums by name. Skips invalid parts of the text. */
export function readTotals(totals: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of partsOf(totals, " ")) {
    if (!/^[^=]+=\d+$/.test(part)) continue;
    const end = part.indexOf("=");
    const name = part.slice(0, end);
    sums.set(name, (sums.get(name) ?? 0) + Number(part.slice(end + 1)));
  }
  return sums;
}

/**
 * Adds an entry with the totals at the end of a second, unless the last entry has the same totals.
 * Removes entries that are no longer needed.
 */
export function addSecond(
  seconds: string,
  second: number,
  counts: { readonly successes: number; readonly failures: number },
  nowSecond: number,
): string {
  const outcomes = `:${counts.successes}:${counts.failures}`;
  if (seconds.endsWith(outcomes)) return seconds;
  let kept = seconds.length > MAX_PART_LENGTH ? "" : seconds;
  for (;;) {
    const end = kept.indexOf(" ");
    const next = Number.parseInt(kept.slice(end + 1), 10);
    if (end === -1 || !(next <= nowSecond - KEPT_SECONDS)) break;
    kept = kept.slice(end + 1);
  }
  return joined(kept, `${second}${outcomes}`, " ");
}

/** Adds the holder of one command's probes. Removes holders whose lease has expired. */
export function addHolder(
  holders: string,
  nowMs: number,
  { lease, endMs, by }: { readonly lease: string; readonly endMs: number; readonly by: string },
): string {
  const live = partsOf(holders, "\n").filter((line) => Number(endOf(line)) > nowMs);
  return [...live, `${lease} ${endMs} ${by}`].slice(-MAX_HOLDERS).join("\n");
}

/** Adds durations of failed runs. Removes the oldest durations above the limit. */
export function addFailedRuns(failedRunsMs: string, added: readonly number[]): string {
  const before = partsOf(failedRunsMs, " ");
  return [...before, ...added.map(String)].slice(-MAX_FAILED_RUNS).join(" ");
}

/** Returns the record with `byMs` added to all its times. A negative `byMs` moves them back. */
export function movedRecord(record: CircuitRecord, byMs: number): CircuitRecord {
  const bySeconds = Math.floor(byMs / SECOND_MS);
  const seconds = partsOf(record.seconds, " ").map((part) =>
    part.replace(/^\d+/, (second) => String(Number(second) + bySeconds)),
  );
  const holders = partsOf(record.holders, "\n").map((line) =>
    line.replace(/^([^ ]+ )(\d+)/, (_, lease, endMs) => `${lease}${Number(endMs) + byMs}`),
  );
  return { ...record, seconds: seconds.join(" "), holders: holders.join("\n") };
}

/** Splits a part into its entries. Returns no entries for a part above the length limit. */
export function partsOf(text: string, separator: string): string[] {
  if (text === "" || text.length > MAX_PART_LENGTH) return [];
  return text.split(separator).filter((part) => part !== "");
}

function endOf(holder: string): string | undefined {
  return /^[^ ]+ (\d+) /.exec(holder)?.[1];
}

function groupOf(name: string): string {
  const end = name.indexOf(".");
  return end === -1 ? name : name.slice(0, end);
}

function joined(before: string, added: string, separator: string): string {
  return before === "" ? added : `${before}${separator}${added}`;
}
