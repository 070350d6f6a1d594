/** The stored state of a shared circuit. All times are on the store's clock, in whole milliseconds. */

import type { CircuitRecord } from "./record.js";

/** A process that reports to a store. */
export interface Reporter {
  /** The unique id of a process: 1 to 64 of the characters `A-Z a-z 0-9 _ -`. */
  readonly id: string;
  /** The name of the machine. */
  readonly host: string;
  /** The CI run, in a form that a person can look up; null outside of CI. */
  readonly run: string | null;
}

/** The part of the last failure that may be shared, without its text. */
export interface SharedFailure {
  /** The component at fault, such as `"registry"`; null if it was not classified. */
  readonly fault: string | null;
  /** The rule that matched, or the name or code of an error. */
  readonly rule: string;
  /** Whether the failure was a rate limit. */
  readonly limited: boolean;
}

/** A failure and the process that reported it. */
export interface ReportedFailure extends SharedFailure {
  readonly reporter: Reporter;
}

/** The phase in which calls pass and outcomes are counted. */
export interface ClosedPhase {
  readonly kind: "closed";
  readonly sinceMs: number;
  /** The current or last second; null before the first outcome. */
  readonly second: RunningSecond | null;
  /**
   * The start times of the bad seconds in the row, oldest first; at most as many as open the
   * circuit.
   */
  readonly row: readonly number[];
  /**
   * Processes that reported failures in the row of bad seconds, the most recent last; at most 8.
   */
  readonly reporters: readonly ReportTime[];
  /** The time until which the upstream asked to be left alone; 0 if it did not. */
  readonly quietUntilMs: number;
}

/** The outcomes of one second, which begins with its first outcome. */
export interface RunningSecond {
  readonly startMs: number;
  readonly successes: number;
  readonly failures: number;
}

/** The time of a process's last reported failure. */
export interface ReportTime {
  readonly id: string;
  readonly atMs: number;
}

/** The phase in which no call passes. */
export interface OpenPhase {
  readonly kind: "open";
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The phase in which a few calls probe. */
export interface HalfOpenPhase {
  readonly kind: "half-open";
  readonly sinceMs: number;
  readonly leases: readonly Lease[];
  readonly successes: number;
}

/** The lease of one probe. It expires at its end, even if the process died. */
export interface Lease {
  readonly id: string;
  readonly endMs: number;
}

/** A manual isolation, which ends at `untilMs`. */
export interface Isolation {
  readonly reason: string;
  readonly owner: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Counters since the store first saw the circuit. They never decrease. */
export interface OutcomeCounts {
  readonly successes: number;
  readonly failures: number;
  /** Outcomes of an older generation, which changed nothing. */
  readonly late: number;
}

/** The state of one shared circuit. */
export interface FleetState {
  /** Increases with every change; at least the store's clock in microseconds at that moment. */
  readonly generation: number;
  /** The latest time that this circuit has seen. It never decreases. */
  readonly nowMs: number;
  readonly phase: ClosedPhase | OpenPhase | HalfOpenPhase;
  /** Number of openings without a lasting recovery in between. */
  readonly openings: number;
  readonly isolation: Isolation | null;
  readonly failure: ReportedFailure | null;
  readonly counts: OutcomeCounts;
  /** Counts for reports; undefined in a state that an older version stored. */
  readonly record?: CircuitRecord | undefined;
}

/** Returns how long a circuit has rejected every call; time after its reset timeout does not count. */
export function openForMs({ isolation, phase }: FleetState, nowMs: number): number {
  const since = isolation ?? (phase.kind === "open" ? phase : undefined);
  return since === undefined ? 0 : Math.max(0, Math.min(nowMs, since.untilMs) - since.sinceMs);
}
