/**
 * Everything that a store counts of a circuit and that decides nothing. Each part is one short text, the
 * same in every store, so that Lua and this file can add to it without a parser of JSON.
 */

/** The counts of one circuit. A state that the previous version made has no counts yet. */
export interface CircuitRecord {
  /** Sums by name, as `name=sum name=sum`; see `tally.ts` for the names. */
  readonly totals: string;
  /**
   * How many outcomes there were in all at the end of a second, as `second:successes:failures`, oldest
   * first: the last 120 seconds with outcomes, and one entry before them.
   */
  readonly seconds: string;
  /** Who holds probes, one a line: the lease, its end in milliseconds, host and run as JSON. */
  readonly holders: string;
  /** The numbers of the policy that came with the last outcomes. */
  readonly policy: string;
  /** How long the last runs took that failed because of this upstream, in milliseconds. */
  readonly failedRunsMs: string;
}

/** A record of nothing. */
export const NO_RECORD: CircuitRecord = {
  totals: "",
  seconds: "",
  holders: "",
  policy: "",
  failedRunsMs: "",
};

/** How many names a group of sums may have; the rest goes to `_OTHER` of that group. */
export const MAX_NAMES = 32;
/** For how many seconds outcomes are kept one by one. */
export const KEPT_SECONDS = 120;
/** How many commands that hold probes are kept with their holder. */
export const MAX_HOLDERS = 16;
/** How many failed runs the median is taken of. */
export const MAX_FAILED_RUNS = 50;
/** A longer part was written by something else: it begins anew. */
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

/** Enters how many outcomes there were at the end of a second, where that has changed. */
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

/** Adds the holders of the probes of one command, and removes those whose time is over. */
export function addHolder(
  holders: string,
  nowMs: number,
  { lease, endMs, by }: { readonly lease: string; readonly endMs: number; readonly by: string },
): string {
  const live = partsOf(holders, "\n").filter((line) => Number(endOf(line)) > nowMs);
  return [...live, `${lease} ${endMs} ${by}`].slice(-MAX_HOLDERS).join("\n");
}

/** Enters how long failed runs took. */
export function addFailedRuns(failedRunsMs: string, added: readonly number[]): string {
  const before = partsOf(failedRunsMs, " ");
  return [...before, ...added.map(String)].slice(-MAX_FAILED_RUNS).join(" ");
}

/** Returns the same record as if all of it had happened `byMs` later. */
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

/** Cuts a part into its entries; none where it is too long to be one of ours. */
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
