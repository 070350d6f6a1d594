/**
 * Calculates the sums that a command adds to the counts of a circuit. Only this file defines the
 * names of the sums.
 */

import type { SettleCommand, TellCommand } from "./command.js";
import type { RunResult } from "./run-report.js";

/** The upper bounds, in seconds, of the buckets that count runs by duration. */
export const RUN_BOUNDS_S = [1, 5, 15, 60, 300, 900, 3600] as const;

/**
 * The names of sums. Some are only the first part of a name, such as `failure` in
 * `failure.registry`.
 */
export const TOTAL = {
  rejected: "rejected",
  openMs: "openMs",
  transition: "transition",
  failure: "failure",
  limited: "limited",
  run: "run",
  runFault: "runFault",
  waitedMs: "waitedMs",
  avoidedMs: "avoidedMs",
} as const;

/**
 * The maximum length of a fault within a name, after percent-encoding. A longer fault counts as
 * `_OTHER`.
 */
const MAX_FAULT_LENGTH = 128;

/** The fault that stands for all faults without a sum of their own. */
export const OTHER_FAULT = "_OTHER";

/** Returns the sums of a settle command: the number of failures for each fault. */
export function talliesOfSettle({ failures, failure, faults }: SettleCommand): string {
  if (faults !== undefined && faults.length > 0) {
    return sums(faults.map(({ fault, limited, count }) => [failureName(fault, limited), count]));
  }
  return sums([[failureName(failure?.fault ?? null, failure?.limited ?? false), failures]]);
}

/** Returns the sums of a tell command: rejections, and the results and durations of runs. */
export function talliesOfTell({ rejections, runs }: TellCommand): string {
  return sums([
    [TOTAL.rejected, rejections],
    ...runs.flatMap(({ result, fault, durationMs, waitedMs, avoidedMs }) => [
      [runName(result, bucketOf(durationMs)), 1] as const,
      [runName(result, "ms"), durationMs] as const,
      ...(result === "error" ? [[`${TOTAL.runFault}.${faultName(fault)}`, 1] as const] : []),
      [TOTAL.waitedMs, waitedMs] as const,
      [TOTAL.avoidedMs, avoidedMs] as const,
    ]),
  ]);
}

/**
 * Returns the sums of a state change: one change with its reason, and the open time before the
 * change.
 */
export function talliesOfChange(reason: string, openMs: number): string {
  return sums([
    [`${TOTAL.transition}.${reason}`, 1],
    [TOTAL.openMs, openMs],
  ]);
}

/** Returns whether a name belongs to a sum over runs with one result. */
export function isOfRuns(name: string): boolean {
  return name.startsWith(`${TOTAL.run}-`);
}

/**
 * Returns the name of a sum over runs with one result. `of` is the index of a duration bucket. With
 * `"ms"`, the sum is the total duration.
 */
export function runName(result: RunResult, of: number | "ms"): string {
  return `${TOTAL.run}-${result}.${of}`;
}

/**
 * Returns the fault in a name such as `failure.registry`. Returns null if the name contains no
 * fault.
 */
export function faultIn(name: string): string | null {
  const text = name.slice(name.indexOf(".") + 1);
  try {
    return text === "" ? null : decodeURIComponent(text);
  } catch {
    return OTHER_FAULT;
  }
}

function failureName(fault: string | null, limited: boolean): string {
  return `${limited ? TOTAL.limited : TOTAL.failure}.${faultName(fault)}`;
}

function faultName(fault: string | null): string {
  if (fault === null) return "";
  const text = encodeURIComponent(fault.replace(/\p{Surrogate}/gu, "\ufffd"));
  return text.length > MAX_FAULT_LENGTH ? OTHER_FAULT : text;
}

/**
 * Returns the index of the first bound that a duration does not exceed. The last index is for
 * durations above all bounds.
 */
function bucketOf(durationMs: number): number {
  const place = RUN_BOUNDS_S.findIndex((boundS) => durationMs <= boundS * 1000);
  return place === -1 ? RUN_BOUNDS_S.length : place;
}

function sums(given: readonly (readonly [name: string, sum: number])[]): string {
  return given
    .map(([name, sum]) => [name, Math.round(sum)] as const)
    .filter(([, sum]) => sum > 0)
    .map(([name, sum]) => `${name}=${sum}`)
    .join(" ");
}
