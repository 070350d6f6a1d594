/** What a store answers. Times are durations, since no two machines agree on what time it is. */

import type { CircuitState } from "../../breaker/circuit-state.js";
import type { RejectionReason } from "../../breaker/errors.js";
import type { OutcomeCounts, ReportedFailure, Reporter } from "./state.js";

/** One shared circuit at the moment of an answer. */
export interface FleetSnapshot {
  /** 0 for a circuit that the store does not know, which is closed. */
  readonly generation: number;
  /** The state by itself; `isolation` goes before it. */
  readonly state: CircuitState;
  /** How long it has been in that state. */
  readonly ageMs: number;
  /** Open: until it probes, 0 when that time is over. Half-open: until a place is free. Closed: 0. */
  readonly retryAfterMs: number;
  /** How many bad seconds stand in a row, and how many processes have reported them. */
  readonly badSeconds: number;
  readonly reporters: number;
  /** Probes on their way. */
  readonly probes: number;
  readonly openings: number;
  readonly isolation: IsolationSnapshot | null;
  /** The last failure, and who met it: while open, what it opened for. */
  readonly failure: ReportedFailure | null;
  readonly counts: OutcomeCounts;
}

/** An isolation at the moment of an answer. */
export interface IsolationSnapshot {
  readonly reason: string;
  readonly owner: string;
  readonly ageMs: number;
  readonly remainingMs: number;
}

/** Why a shared circuit changed; those of a single breaker, and the end of an isolation by itself. */
export type FleetChangeReason =
  | "tripped"
  | "opened-at-once"
  | "open-time-over"
  | "probe-succeeded"
  | "probe-failed"
  | "isolate"
  | "isolation-over"
  | "release"
  | "reset";

/** One change, as the history keeps it. */
export interface FleetChange {
  /** By the clock of the store, in milliseconds since 1970. */
  readonly atMs: number;
  /** The generation that began. */
  readonly generation: number;
  readonly reason: FleetChangeReason;
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** For how long it opened, or is isolated; null for other changes. */
  readonly forMs: number | null;
  /** The process whose outcome caused it; null when nobody's did. */
  readonly by: Reporter | null;
  /** What it opened for. */
  readonly failure: ReportedFailure | null;
  /** Who did it by hand. */
  readonly owner: string | null;
  /** Why it was done by hand. */
  readonly note: string | null;
}

/** The answer to a command. */
export interface FleetReply {
  /** Admit: how many of the calls may go, the first ones. */
  readonly admitted: number;
  /** Admit: why the others may not; null when all may. */
  readonly refusal: RejectionReason | null;
  /** Settle: how many outcomes were counted, and how many came too late. */
  readonly counted: number;
  readonly late: number;
  /** What the command changed, in order. */
  readonly changes: readonly FleetChange[];
  readonly snapshot: FleetSnapshot;
}

/** So many changes of one circuit are kept. */
export const MAX_HISTORY = 100;
