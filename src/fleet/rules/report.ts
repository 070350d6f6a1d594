/** Creates the report about one circuit: its counts and probes, with durations instead of times. */

import type { FaultCount } from "./command.js";
import { readPolicyText, type SharedPolicy } from "./policy.js";
import {
  addSecond,
  type CircuitRecord,
  KEPT_SECONDS,
  NO_RECORD,
  partsOf,
  readTotals,
  secondOf,
} from "./record.js";
import { RUN_RESULTS, type RunResult } from "./run-report.js";
import { type FleetState, type Lease, openForMs } from "./state.js";
import { faultIn, isOfRuns, RUN_BOUNDS_S, runName, TOTAL } from "./tally.js";

/**
 * The counts of one circuit since the store first saw it. Processes with an older version of this
 * package send fewer counts.
 */
export interface CircuitReport {
  /** Number of calls that the circuit rejected. Some rejections may not have been reported yet. */
  readonly rejections: number;
  /**
   * Number of failures by component at fault. Contains 32 names for failures and 32 for rate
   * limits. Further names are counted under the fault `_OTHER`.
   */
  readonly failures: readonly FaultCount[];
  /** Number of state changes, by reason. */
  readonly transitions: Readonly<Record<string, number>>;
  /** Total milliseconds in which the circuit rejected every call. */
  readonly openMs: number;
  /** The outcomes of the last 120 seconds, oldest first. Seconds without outcomes are left out. */
  readonly seconds: readonly SecondCount[];
  /** The probes in flight, at most 16. */
  readonly probes: readonly ProbeHolder[];
  /** The policy that was sent with the last outcomes; null before the first outcomes. */
  readonly policy: SharedPolicy | null;
  readonly runs: RunTotals;
}

/** The outcomes of one second. */
export interface SecondCount {
  readonly secondsAgo: number;
  readonly successes: number;
  readonly failures: number;
}

/**
 * A probe, with the machine and the CI run that hold it. Both are null if the process did not send
 * them.
 */
export interface ProbeHolder {
  readonly host: string | null;
  readonly run: string | null;
  /** Milliseconds until the probe's lease expires. */
  readonly remainingMs: number;
}

/** Totals over all reported runs of `dagger-breaker run`. */
export interface RunTotals {
  readonly results: readonly RunResultTotals[];
  /** Number of runs with the result `error`, by component at fault. */
  readonly faults: readonly { readonly fault: string | null; readonly count: number }[];
  readonly waitedMs: number;
  readonly avoidedMs: number;
  /**
   * Durations, in milliseconds, of the last 50 runs that failed because of this upstream, oldest
   * first.
   */
  readonly failedMs: readonly number[];
}

/** The totals of all runs with the same result. */
export interface RunResultTotals {
  readonly result: RunResult;
  readonly count: number;
  readonly durationMs: number;
  /**
   * A histogram of durations with the bounds 1, 5, 15, 60, 300, 900 and 3,600 seconds. Each entry
   * is the number of runs above the previous bound and up to its own bound. The last entry counts
   * all longer runs.
   */
  readonly buckets: readonly number[];
}

/** The facts from which `reportOf` creates a report. */
export interface ReportFacts {
  readonly record: CircuitRecord;
  readonly counts: { readonly successes: number; readonly failures: number };
  readonly leases: readonly Lease[];
  /** The time of the report. `writtenMs` is the time of the last write to the circuit. */
  readonly nowMs: number;
  readonly writtenMs: number;
  /** Milliseconds for which the circuit has been open or isolated until now; 0 if it is neither. */
  readonly openForMs: number;
}

interface StateAt {
  readonly state: FleetState;
  readonly nowMs: number;
}

const MAX_PROBES_TOLD = 16;

/** Returns the facts about a circuit's state. */
export function factsOf({ state, nowMs }: StateAt): ReportFacts {
  const { record = NO_RECORD, counts, phase } = state;
  const leases = phase.kind === "half-open" ? phase.leases : [];
  return {
    record,
    counts,
    leases,
    nowMs,
    writtenMs: state.nowMs,
    openForMs: openForMs(state, nowMs),
  };
}

export function reportOf(facts: ReportFacts): CircuitReport {
  const totals = readTotals(facts.record.totals);
  const sum = (name: string) => totals.get(name) ?? 0;
  const sums = [...totals];
  const inGroup = (group: string) => sums.filter(([name]) => name.startsWith(`${group}.`));
  const failures = ([TOTAL.failure, TOTAL.limited] as const).flatMap((group) =>
    inGroup(group).map(([name, count]) => {
      return { fault: faultIn(name), limited: group === TOTAL.limited, count };
    }),
  );
  const transitions = inGroup(TOTAL.transition).map(([name, count]) => {
    return [name.slice(TOTAL.transition.length + 1), count] as const;
  });
  return {
    rejections: sum(TOTAL.rejected),
    failures: failures.length === 0 ? NO_FAILURES : failures,
    transitions: transitions.length === 0 ? NO_TRANSITIONS : Object.fromEntries(transitions),
    openMs: sum(TOTAL.openMs) + facts.openForMs,
    seconds: secondsOf(facts),
    probes: probesOf(facts),
    policy: readPolicyText(facts.record.policy),
    runs: {
      results: sums.some(([name]) => isOfRuns(name)) ? runsBy(sum) : NO_RUNS,
      faults: inGroup(TOTAL.runFault).map(([name, count]) => ({ fault: faultIn(name), count })),
      waitedMs: sum(TOTAL.waitedMs),
      avoidedMs: sum(TOTAL.avoidedMs),
      failedMs: partsOf(facts.record.failedRunsMs, " ").map(Number).filter(Number.isFinite),
    },
  };
}

const NO_FAILURES: readonly FaultCount[] = [];
const NO_TRANSITIONS: Readonly<Record<string, number>> = {};

type SumOf = (name: string) => number;

function runsBy(sum: SumOf): readonly RunResultTotals[] {
  return RUN_RESULTS.map((result) => runsOf(result, sum));
}

/**
 * The results of a circuit that counts no runs. All such circuits share this list, because a page
 * of 1,000 circuits would otherwise hold 48,000 zeros.
 */
const NO_RUNS = runsBy(() => 0);

function runsOf(result: RunResult, sum: SumOf): RunResultTotals {
  const buckets = [...RUN_BOUNDS_S, 0].map((_, place) => sum(runName(result, place)));
  const count = buckets.reduce((total, one) => total + one, 0);
  return { result, count, durationMs: sum(runName(result, "ms")), buckets };
}

/**
 * Returns the outcomes of each second, as differences between running totals. If a process of an
 * older version adds outcomes, the next entry includes them.
 */
function secondsOf({ record, counts, nowMs, writtenMs }: ReportFacts): readonly SecondCount[] {
  const nowSecond = secondOf(nowMs);
  const seconds = addSecond(record.seconds, secondOf(writtenMs), counts, nowSecond);
  const told: SecondCount[] = [];
  let before: readonly string[] | undefined;
  // Without destructuring, which allocates much here: a circuit can have 120 seconds.
  for (const part of partsOf(seconds, " ")) {
    const sums = part.split(":");
    const secondsAgo = nowSecond - Number(sums[0]);
    if (before !== undefined && secondsAgo >= 0 && secondsAgo < KEPT_SECONDS) {
      const successes = Number(sums[1]) - Number(before[1]);
      const failures = Number(sums[2]) - Number(before[2]);
      if (successes >= 0 && failures >= 0) told.push({ secondsAgo, successes, failures });
    }
    before = sums;
  }
  return told;
}

function probesOf({ record, leases, nowMs }: ReportFacts): readonly ProbeHolder[] {
  const live = leases.filter(({ endMs }) => endMs > nowMs).slice(0, MAX_PROBES_TOLD);
  if (live.length === 0) return [];
  const holders = new Map<string, { host: string | null; run: string | null }>();
  for (const line of partsOf(record.holders, "\n")) {
    const [, lease = "", by = ""] = /^([^ ]+) \d+ (.*)$/.exec(line) ?? [];
    holders.set(lease, readHolder(by));
  }
  return live.map(({ id, endMs }) => {
    const holder = holders.get(id.slice(0, id.lastIndexOf(".")));
    return { host: holder?.host ?? null, run: holder?.run ?? null, remainingMs: endMs - nowMs };
  });
}

function readHolder(text: string): { host: string | null; run: string | null } {
  try {
    const { host, run } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return {
      host: typeof host === "string" ? host : null,
      run: typeof run === "string" ? run : null,
    };
  } catch {
    return { host: null, run: null };
  }
}
