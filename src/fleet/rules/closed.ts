/** Counts consecutive bad seconds and their reporters while a circuit is closed. */

import type { SettleCommand } from "./command.js";
import { MAX_REPORTERS, type SharedPolicy } from "./policy.js";
import type { ClosedPhase, ReportTime, RunningSecond } from "./state.js";

const SECOND_MS = 1000;

/**
 * Returns the start times of the consecutive bad seconds, including the last second once it is
 * over. A good second ends the row; a second without outcomes does not.
 */
export function rowAt(
  { second, row }: ClosedPhase,
  nowMs: number,
  { badSeconds, windowMs }: SharedPolicy,
): readonly number[] {
  const over = second !== null && isOver(second, nowMs);
  const judged = over ? (isBad(second) ? [...row, second.startMs] : []) : row;
  return judged.filter((startMs) => nowMs - startMs <= windowMs).slice(-badSeconds);
}

/** Returns whether the circuit must open: it has enough bad seconds, from enough reporters. */
export function isDue(phase: ClosedPhase, nowMs: number, policy: SharedPolicy): boolean {
  if (rowAt(phase, nowMs, policy).length < policy.badSeconds) return false;
  return reportersAt(phase, nowMs, policy).length >= policy.minimumReporters;
}

/** Returns the phase after adding the outcomes of a settle command. */
export function count(phase: ClosedPhase, nowMs: number, command: SettleCommand): ClosedPhase {
  const { successes, failures, policy, reporter, retryAfterMs } = command;
  const begins = phase.second === null || isOver(phase.second, nowMs);
  const row = begins ? rowAt(phase, nowMs, policy) : phase.row;
  const before = begins ? { startMs: nowMs, successes: 0, failures: 0 } : phase.second;
  const ended = begins && phase.second !== null && !isBad(phase.second);
  const told = ended ? [] : reportersAt(phase, nowMs, policy);
  const others = told.filter(({ id }) => id !== reporter.id);
  const quietUntilMs = retryAfterMs > 0 ? nowMs + Math.ceil(retryAfterMs) : 0;
  return {
    ...phase,
    row,
    second: {
      startMs: before.startMs,
      successes: before.successes + successes,
      failures: before.failures + failures,
    },
    reporters:
      failures > successes
        ? [...others, { id: reporter.id, atMs: nowMs }].slice(-MAX_REPORTERS)
        : others,
    quietUntilMs: Math.max(phase.quietUntilMs, quietUntilMs),
  };
}

function reportersAt(
  { reporters }: ClosedPhase,
  nowMs: number,
  { windowMs }: SharedPolicy,
): readonly ReportTime[] {
  return reporters.filter(({ atMs }) => nowMs - atMs <= windowMs);
}

function isOver({ startMs }: RunningSecond, nowMs: number): boolean {
  return nowMs >= startMs + SECOND_MS;
}

function isBad({ successes, failures }: RunningSecond): boolean {
  return failures > successes;
}
