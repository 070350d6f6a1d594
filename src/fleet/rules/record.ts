/**
 * The counts of a circuit for reports, which never change its state. Each part is one short text,
 * the same in every store, so that Lua can add to it without parsing JSON.
 */

/** The counts of one circuit. A state that the previous version made has no counts yet. */
export interface CircuitRecord {
  /** Sums by name, such as `rejected=3 failure.registry=2`; see `tally.ts` for the names. */
  readonly totals: string;
  /**
   * For each second with outcomes, the totals at its end, as `second:successes:failures`. Oldest
   * first: the last 120 seconds, and one entry before them.
   */
  readonly seconds: string;
  /**
   * The holders of probes, one in each line: the lease, its end in milliseconds, host and run as
   * JSON.
   */
  readonly holders: string;
  /** The policy of the last settle command, in its text form. */
  readonly policy: string;
  /** The durations in milliseconds of the last runs that failed because of this upstream. */
  readonly failedRunsMs: string;
}

/** The record of a circuit without counts. */
export const NO_RECORD: CircuitRecord = {
  totals: "",
  seconds: "",
  holders: "",
  policy: "",
  failedRunsMs: "",
};

/**
 * The limit on names in a group of sums, such as `failure`. Further names are summed as
 * `failure._OTHER`.
 */
export const MAX_NAMES = 32;
/** The age in seconds up to which each second's outcomes are kept. */
export const KEPT_SECONDS = 120;
/** The largest number of processes with a running probe that a circuit stores. */
export const MAX_HOLDERS = 16;
/** The limit on stored durations of failed runs, whose median is used. */
export const MAX_FAILED_RUNS = 50;
/** The limit on a part's length. A longer one was not written by this code, and is replaced. */
export const MAX_PART_LENGTH = 32_768;

const SECOND_MS = 1000;

/** Returns the second that contains a time in milliseconds. */
export function secondOf(ms: number): number {
  return Math.floor(ms / SECOND_MS);
}

/** Adds sums, given as `name=sum name=sum`, to others. */
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

/** Reads sums by name, and leaves out invalid parts. */
export function readTotals(totals: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of partsOf(totals, " ")) {
    const [, name = "", sum] = /^([^=]+)=(\d+)$/.exec(part) ?? [];
    if (sum !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(sum));
  }
  return sums;
}

/**
 * Adds the totals at the end of a second, if they have changed since the last entry. Removes old
 * entries.
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

/** Adds the holder of one command's probes, and removes holders whose lease has ended. */
export function addHolder(
  holders: string,
  nowMs: number,
  { lease, endMs, by }: { readonly lease: string; readonly endMs: number; readonly by: string },
): string {
  const live = partsOf(holders, "\n").filter((line) => Number(endOf(line)) > nowMs);
  return [...live, `${lease} ${endMs} ${by}`].slice(-MAX_HOLDERS).join("\n");
}

/** Adds durations of failed runs, and removes the oldest above the limit. */
export function addFailedRuns(failedRunsMs: string, added: readonly number[]): string {
  const before = partsOf(failedRunsMs, " ");
  return [...before, ...added.map(String)].slice(-MAX_FAILED_RUNS).join(" ");
}

/** Returns the record with all its times shifted `byMs` later. */
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
  if (text.length > MAX_PART_LENGTH) return [];
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
