/** What a store keeps of one shared circuit. All times are those of the store, in whole milliseconds. */

/** Who reports to a store: one process. */
export interface Reporter {
  /** Tells processes apart: 1 to 64 of the characters `A-Z a-z 0-9 _ -`. */
  readonly id: string;
  /** The machine. */
  readonly host: string;
  /** The run of a CI system, as a person would look for it; null outside of one. */
  readonly run: string | null;
}

/** The last failure, as far as it may be shared: nothing of its text. */
export interface SharedFailure {
  /** Whose fault it was, such as `"registry"`; null where nobody has judged. */
  readonly fault: string | null;
  /** The rule that decided, or the name or code of an error. */
  readonly rule: string;
  /** Whether it was a rate limit. */
  readonly limited: boolean;
}

/** A failure and the process that met it. */
export interface ReportedFailure extends SharedFailure {
  readonly reporter: Reporter;
}

/** Calls pass and outcomes are counted. */
export interface ClosedPhase {
  readonly kind: "closed";
  readonly sinceMs: number;
  /** The second that runs, or the last one; null before the first outcome. */
  readonly second: RunningSecond | null;
  /** When the bad seconds of the row began, oldest first; never more than the policy asks for. */
  readonly row: readonly number[];
  /** Processes whose last word within the row was a failure, the latest last; at most 8. */
  readonly reporters: readonly ReportTime[];
  /** Until when the upstream asked to be left alone; 0 when it did not. */
  readonly quietUntilMs: number;
}

/** What has settled since a second began, with its first outcome. */
export interface RunningSecond {
  readonly startMs: number;
  readonly successes: number;
  readonly failures: number;
}

/** When a process last reported a failure. */
export interface ReportTime {
  readonly id: string;
  readonly atMs: number;
}

/** No call passes. */
export interface OpenPhase {
  readonly kind: "open";
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A few calls probe. */
export interface HalfOpenPhase {
  readonly kind: "half-open";
  readonly sinceMs: number;
  readonly leases: readonly Lease[];
  readonly successes: number;
}

/** The place of one probe; it is free again at its end, whatever became of the process. */
export interface Lease {
  readonly id: string;
  readonly endMs: number;
}

/** Somebody keeps all calls out until its end. */
export interface Isolation {
  readonly reason: string;
  readonly owner: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Outcomes since the circuit is known to the store; none of them ever goes back. */
export interface OutcomeCounts {
  readonly successes: number;
  readonly failures: number;
  /** Outcomes of an older generation, which changed nothing. */
  readonly late: number;
}

/** One shared circuit. */
export interface FleetState {
  /** Grows with every change; at least the microseconds of the store's clock when it was made. */
  readonly generation: number;
  /** The latest time that this circuit has seen: its time never goes back. */
  readonly nowMs: number;
  readonly phase: ClosedPhase | OpenPhase | HalfOpenPhase;
  /** How often it has opened without a lasting recovery in between. */
  readonly openings: number;
  readonly isolation: Isolation | null;
  readonly failure: ReportedFailure | null;
  readonly counts: OutcomeCounts;
}

/** A store forgets what nobody has touched for so long beyond its last open time. */
export const RETENTION_MS = 7 * 24 * 3_600_000;

/** For how many milliseconds a state must be kept from now on. */
export function keepForMs({ nowMs, phase, isolation }: FleetState): number {
  const openUntilMs = phase.kind === "open" ? phase.untilMs : nowMs;
  return Math.max(openUntilMs, isolation?.untilMs ?? nowMs) - nowMs + RETENTION_MS;
}
