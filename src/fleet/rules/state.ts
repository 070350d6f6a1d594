/**
 * Declares the stored state of a shared circuit. All times are on the store's clock, in whole
 * milliseconds.
 */

import type { CircuitRecord } from "./record.js";

/** A process that reports to a store. */
export interface Reporter {
  /**
   * The unique id of the process, or of its machine if all its processes count as one reporter. 1
   * to 64 of the characters `A-Z a-z 0-9 _ -`.
   */
  readonly id: string;
  /** The name of the machine on which the process runs. */
  readonly host: string;
  /** The CI run, in a form that a person can look up; null outside CI. */
  readonly run: string | null;
}

/**
 * The part of a failure that other processes may see. Does not contain the text of the error, which
 * may be secret.
 */
export interface SharedFailure {
  /** The component at fault, such as `"registry"`; null if the failure was not classified. */
  readonly fault: string | null;
  /** The attribution rule that matched, or the name or code of the error. */
  readonly rule: string;
  /** Whether the failure was a rate limit. */
  readonly limited: boolean;
}

/** A failure, and the process that reported it. */
export interface ReportedFailure extends SharedFailure {
  readonly reporter: Reporter;
}

/** The phase in which calls pass and the circuit counts outcomes. */
export interface ClosedPhase {
  readonly kind: "closed";
  readonly sinceMs: number;
  /** The current second, or the last second with outcomes; null before the first outcome. */
  readonly second: RunningSecond | null;
  /**
   * The start times of the consecutive bad seconds, oldest first. Has at most as many entries as
   * are needed to open the circuit.
   */
  readonly row: readonly number[];
  /**
   * The processes that reported failures in the consecutive bad seconds, most recent last; at most
   * 8.
   */
  readonly reporters: readonly ReportTime[];
  /** The end of the time for which the upstream asked to be left alone; 0 if it did not ask. */
  readonly quietUntilMs: number;
}

/** The outcomes of one second. The second begins with its first outcome. */
export interface RunningSecond {
  readonly startMs: number;
  readonly successes: number;
  readonly failures: number;
}

/** A process, and the time of its last reported failure. */
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

/** The phase in which a few calls probe the upstream. */
export interface HalfOpenPhase {
  readonly kind: "half-open";
  readonly sinceMs: number;
  readonly leases: readonly Lease[];
  readonly successes: number;
}

/**
 * The lease of one probe. It expires at `endMs`, so that a process that died does not block the
 * circuit.
 */
export interface Lease {
  readonly id: string;
  readonly endMs: number;
}

/** A manual isolation. It ends at `untilMs`. */
export interface Isolation {
  readonly reason: string;
  readonly owner: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Outcomes since the store first saw the circuit. These counts never decrease. */
export interface OutcomeCounts {
  readonly successes: number;
  readonly failures: number;
  /**
   * Outcomes that came while the circuit was open or isolated, or after a new generation began.
   * They change nothing.
   */
  readonly late: number;
}

/** The state of one shared circuit. */
export interface FleetState {
  /**
   * Number of the generation. Each change increases it, at least to the store's clock in
   * microseconds. So it increases even if the store has lost its data.
   */
  readonly generation: number;
  /**
   * The latest time that this circuit has seen. It decreases only if the store's clock was set back
   * by more than a second.
   */
  readonly nowMs: number;
  readonly phase: ClosedPhase | OpenPhase | HalfOpenPhase;
  /**
   * Number of consecutive openings. It starts over once the circuit has been closed for one reset
   * timeout.
   */
  readonly openings: number;
  readonly isolation: Isolation | null;
  readonly failure: ReportedFailure | null;
  readonly counts: OutcomeCounts;
  /** Counts for reports. Undefined in a state that an older version of this package stored. */
  readonly record?: CircuitRecord | undefined;
}

/**
 * Returns the milliseconds for which the circuit has been open or isolated; 0 if it is neither.
 * Time after the planned end does not count.
 */
export function openForMs({ isolation, phase }: FleetState, nowMs: number): number {
  const since = isolation ?? (phase.kind === "open" ? phase : undefined);
  return since === undefined ? 0 : Math.max(0, Math.min(nowMs, since.untilMs) - since.sinceMs);
}
