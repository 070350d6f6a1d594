/** Computes the bad seconds and their reporters from all outcomes since a circuit closed. */

import { MAX_REPORTERS, type SharedPolicy } from "../../src/fleet/rules/policy.js";
import type { Reporter, SharedFailure } from "../../src/fleet/rules/state.js";

/** The outcomes in one report. */
export interface Outcomes {
  readonly successes: number;
  readonly failures: number;
  readonly reporter: Reporter;
  readonly failure: SharedFailure | null;
  readonly retryAfterMs: number;
}

type At<T> = T & { readonly t: number };

/** A row of consecutive bad seconds. */
export interface BadRow {
  /** Number of bad seconds that are in the window now. At most as many as the policy needs. */
  readonly length: number;
  /** Number of reporters that are in the window now. */
  readonly reporters: number;
  /** The numbers that a snapshot shows. For them, the window ends at the last outcome. */
  readonly counted: number;
  readonly lastReporters: readonly string[];
}

interface Second {
  readonly start: number;
  readonly told: At<Outcomes>[];
}

/** Returns the row of bad seconds at the time `now`. */
export function rowOf(
  outcomes: readonly At<Outcomes>[],
  now: number,
  { badSeconds, windowMs }: SharedPolicy,
): BadRow {
  const seconds = secondsOf(outcomes);
  const last = seconds.at(-1);
  if (last === undefined) return { length: 0, reporters: 0, counted: 0, lastReporters: [] };
  const isOver = now >= last.start + 1000;
  const before = trailingBad(seconds.slice(0, -1));
  const all = isOver ? trailingBad(seconds) : before;
  const within = (at: number) => (start: number) => at - start <= windowMs;
  const kept = before.filter(within(last.start)).slice(-badSeconds);
  const told = wordsOf(seconds);
  const lastTold = outcomes.at(-1)?.t ?? 0;
  const lastReporters = told.filter(({ t }) => within(lastTold)(t));
  return {
    length: all.filter(within(now)).slice(-badSeconds).length,
    reporters: lastReporters.filter(({ t }) => within(now)(t)).length,
    counted: isOver ? (isBad(last) ? kept.length + 1 : 0) : kept.length,
    lastReporters: lastReporters.map(({ reporter }) => reporter.id),
  };
}

function secondsOf(outcomes: readonly At<Outcomes>[]): readonly Second[] {
  const seconds: Second[] = [];
  for (const one of outcomes) {
    const running = seconds.at(-1);
    if (running !== undefined && one.t < running.start + 1000) running.told.push(one);
    else seconds.push({ start: one.t, told: [one] });
  }
  return seconds;
}

/** Returns the start times of the bad seconds at the end of a list. */
function trailingBad(seconds: readonly Second[]): readonly number[] {
  const lastGood = seconds.findLastIndex((second) => !isBad(second));
  return seconds.slice(lastGood + 1).map(({ start }) => start);
}

function isBad({ told }: Second): boolean {
  return told.reduce((balance, { failures, successes }) => balance + failures - successes, 0) > 0;
}

/**
 * Returns the last failure report of each process that counts as a reporter. A process counts only while
 * its last report is a failure. Reports before the last good second do not count, unless that second is
 * still running. A report also stops counting once `MAX_REPORTERS` other processes have failed after it.
 */
function wordsOf(seconds: readonly Second[]): readonly At<Outcomes>[] {
  const lastGood = seconds.slice(0, -1).findLastIndex((second) => !isBad(second));
  const words = seconds.slice(lastGood + 1).flatMap(({ told }) => told);
  return words.filter((word, index) => {
    const later = words.slice(index + 1);
    if (word.failures <= word.successes) return false;
    if (later.some(({ reporter }) => reporter.id === word.reporter.id)) return false;
    return later.every((_, end) => failingIn(later.slice(0, end + 1)) < MAX_REPORTERS);
  });
}

/** Returns the number of processes whose last report is a failure. */
function failingIn(words: readonly At<Outcomes>[]): number {
  const last = new Map(words.map((word) => [word.reporter.id, word]));
  return [...last.values()].filter(({ failures, successes }) => failures > successes).length;
}
