/** The replies of a store. Times are durations, because clocks of machines differ. */

import type { CircuitState } from "../../breaker/circuit-state.js";
import type { RejectionReason } from "../../breaker/errors.js";
import type { CircuitReport } from "./report.js";
import type { OutcomeCounts, ReportedFailure, Reporter } from "./state.js";

/** The state of a shared circuit at the moment of a reply. */
export interface FleetSnapshot {
  /** 0 for a circuit that the store does not know, which is closed. */
  readonly generation: number;
  /** The state without regard to `isolation`, which takes precedence. */
  readonly state: CircuitState;
  /** Milliseconds in that state. */
  readonly ageMs: number;
  /**
   * Milliseconds until a call may be admitted. Open: until the circuit probes, 0 once the open time
   * is over. Half-open: until a lease expires. Closed: 0.
   */
  readonly retryAfterMs: number;
  /** Number of consecutive bad seconds, and number of processes that reported them. */
  readonly badSeconds: number;
  readonly reporters: number;
  /** Probes in flight. */
  readonly probes: number;
  readonly openings: number;
  readonly isolation: IsolationSnapshot | null;
  /** The last failure and its reporter. While open, the failure that opened the circuit. */
  readonly failure: ReportedFailure | null;
  readonly counts: OutcomeCounts;
}

/** An isolation at the moment of a reply. */
export interface IsolationSnapshot {
  readonly reason: string;
  readonly owner: string;
  readonly ageMs: number;
  readonly remainingMs: number;
}

/** The reason for a change: the same as of a local breaker, or `isolation-over`. */
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

/** One entry of the history. */
export interface FleetChange {
  /** Milliseconds since 1970 on the store's clock. */
  readonly atMs: number;
  /** The generation that began with this change. */
  readonly generation: number;
  readonly reason: FleetChangeReason;
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** Milliseconds of the opening or isolation; null for other changes. */
  readonly forMs: number | null;
  /** The process whose outcome caused the change; null if no outcome did. */
  readonly by: Reporter | null;
  /** The failure that opened the circuit. */
  readonly failure: ReportedFailure | null;
  /** The owner of a manual control. */
  readonly owner: string | null;
  /** The reason for a manual control. */
  readonly note: string | null;
}

/** The reply to a command. */
export interface FleetReply {
  /** Admit: number of admitted calls, the first ones of the command. */
  readonly admitted: number;
  /** Admit: the reason for rejecting the others; null if all were admitted. */
  readonly refusal: RejectionReason | null;
  /** Settle: number of outcomes counted, and number of late ones. */
  readonly counted: number;
  readonly late: number;
  /** The changes that the command caused, in order. */
  readonly changes: readonly FleetChange[];
  readonly snapshot: FleetSnapshot;
  /** Read with `report`: what was counted, of a circuit that the store knows. */
  readonly report?: CircuitReport | undefined;
}

/** The number of changes kept for each circuit. */
export const MAX_HISTORY = 100;
