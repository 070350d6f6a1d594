/**
 * Declares the replies of a store. They contain durations instead of points in time, because the
 * clocks of machines differ. Only a change in the history contains the store's own time.
 */

import type { CircuitState } from "../../breaker/circuit-state.js";
import type { RejectionReason } from "../../breaker/errors.js";
import type { CircuitReport } from "./report.js";
import type { OutcomeCounts, ReportedFailure, Reporter } from "./state.js";

/** The state of a shared circuit at the moment of a reply. */
export interface FleetSnapshot {
  /**
   * Number of the current generation. 0 means that the store does not know the circuit, which is
   * then closed.
   */
  readonly generation: number;
  /**
   * The state without regard to `isolation`. An isolated circuit rejects all calls, whatever this
   * state is.
   */
  readonly state: CircuitState;
  /** Milliseconds since the circuit entered this state. */
  readonly ageMs: number;
  /**
   * Milliseconds until a call may be admitted. Open: the rest of the open time, 0 once it is over.
   * Half-open: the time until a lease expires. Closed: 0.
   */
  readonly retryAfterMs: number;
  /**
   * Number of consecutive bad seconds. `reporters` is the number of processes that reported
   * failures in these seconds.
   */
  readonly badSeconds: number;
  readonly reporters: number;
  /** Number of probes in flight. */
  readonly probes: number;
  readonly openings: number;
  readonly isolation: IsolationSnapshot | null;
  /** The last failure and its reporter. While the circuit is open, the failure that opened it. */
  readonly failure: ReportedFailure | null;
  readonly counts: OutcomeCounts;
}

/** An isolation at the moment of a reply, with durations in milliseconds. */
export interface IsolationSnapshot {
  readonly reason: string;
  readonly owner: string;
  readonly ageMs: number;
  readonly remainingMs: number;
}

/**
 * The reason for a change. Apart from `isolation-over`, the reasons are the same as for a local
 * breaker.
 */
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

/** One change of a circuit, as stored in the history. */
export interface FleetChange {
  /** The time of the change in milliseconds since 1970, on the store's clock. */
  readonly atMs: number;
  /** The generation that began with this change. */
  readonly generation: number;
  readonly reason: FleetChangeReason;
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** Milliseconds that the opening or isolation lasts; null for other changes. */
  readonly forMs: number | null;
  /** The process whose outcome caused the change; null if no outcome caused it. */
  readonly by: Reporter | null;
  /** The failure that opened the circuit. Null if the change closed or isolated the circuit. */
  readonly failure: ReportedFailure | null;
  /** The person or system that set the manual control; null for other changes. */
  readonly owner: string | null;
  /** The reason given for the manual control; null if there was no reason. */
  readonly note: string | null;
}

/** The reply of a store to a command. */
export interface FleetReply {
  /** For an admit command: number of admitted calls. They are the first calls of the command. */
  readonly admitted: number;
  /**
   * For an admit command: the reason for rejecting the other calls; null if all calls were
   * admitted.
   */
  readonly refusal: RejectionReason | null;
  /**
   * For a settle command: number of outcomes that counted. `late` is the number of outcomes that
   * came too late to count.
   */
  readonly counted: number;
  readonly late: number;
  /** The changes that the command caused, in order. */
  readonly changes: readonly FleetChange[];
  readonly snapshot: FleetSnapshot;
  /**
   * For a read command with `report`: the counts of the circuit. Undefined if the store does not
   * know the circuit.
   */
  readonly report?: CircuitReport | undefined;
}

/** The maximum number of changes that a store keeps for each circuit. */
export const MAX_HISTORY = 100;
