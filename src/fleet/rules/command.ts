/** Declares the commands that a store can run on one shared circuit. */

import type { SharedPolicy } from "./policy.js";
import type { RunRecord } from "./run-report.js";
import type { Reporter, SharedFailure } from "./state.js";

/** The maximum number of calls in one command. */
export const MAX_CALLS = 1000;

/** The longest isolation in milliseconds: 30 days. */
export const MAX_ISOLATION_MS = 30 * 24 * 3_600_000;

/** Asks the circuit to admit one or more calls. */
export interface AdmitCommand {
  readonly kind: "admit";
  readonly policy: SharedPolicy;
  /** Number of calls, 1 to 1,000. */
  readonly count: number;
  /**
   * The name that this command's probe leases share: 1 to 80 of the characters `A-Z a-z 0-9 _ -`.
   * The name must be unique among all commands. The call with index i gets the lease `<lease>.<i>`.
   */
  readonly lease: string;
  /**
   * A random number from 0 to 1, for the jitter of an open time. The caller draws it, so that a
   * store needs no random numbers.
   */
  readonly chance: number;
  /**
   * The process that sends this command. Set it if the calls may become probes, so that other
   * processes see which process holds a probe.
   */
  readonly reporter?: Reporter | undefined;
}

/** Reports the outcomes of calls from one generation, and returns probe leases. */
export interface SettleCommand {
  readonly kind: "settle";
  readonly policy: SharedPolicy;
  /**
   * The generation that admitted the calls. Null for calls without a permit; their outcomes count
   * only while the circuit is closed.
   */
  readonly generation: number | null;
  readonly successes: number;
  readonly failures: number;
  /**
   * The leases to return. A call that was never made also returns its lease, but has no outcome.
   */
  readonly leases: readonly string[];
  readonly reporter: Reporter;
  /** The last of these failures; null if there are no failures. */
  readonly failure: SharedFailure | null;
  /**
   * The number of failures for each component at fault; at most 33 entries. Undefined if all
   * failures have the fault of `failure`.
   */
  readonly faults?: readonly FaultCount[] | undefined;
  /** Whether one of the failures must open the circuit at once, as a rate limit does. */
  readonly openNow: boolean;
  /**
   * Milliseconds for which the upstream asked to be left alone; 0 if it did not ask. Must be
   * finite.
   */
  readonly retryAfterMs: number;
  readonly chance: number;
}

/** The maximum number of runs in one tell command. */
export const MAX_TOLD = 100;

/** A number of failures that have the same component at fault. */
export interface FaultCount {
  readonly fault: string | null;
  /** Whether these failures were rate limits. */
  readonly limited: boolean;
  readonly count: number;
}

/** Reports counts for statistics. They never change the state of a circuit. */
export interface TellCommand {
  readonly kind: "tell";
  /** Number of calls that the circuit rejected; a whole number. */
  readonly rejections: number;
  /** Results of `dagger-breaker run`, at most 100. */
  readonly runs: readonly RunRecord[];
  /** Durations, in milliseconds, of runs that failed because of this upstream; at most 100. */
  readonly failedRunsMs: readonly number[];
}

/** Reads the state without changing it. An open circuit whose open time is over stays open. */
export interface ReadCommand {
  readonly kind: "read";
  /** Whether the reply also contains the counts. Default: false. */
  readonly report?: boolean | undefined;
}

/** Isolates the circuit, which then rejects all calls for a time. */
export interface IsolateCommand {
  readonly kind: "isolate";
  /** The reason to show to users: 1 to 1,000 characters. */
  readonly reason: string;
  /** The person or system that isolates the circuit: 1 to 200 characters. */
  readonly owner: string;
  /** Milliseconds until the isolation ends: above 0, at most 30 days. */
  readonly expiresInMs: number;
}

/**
 * Ends an isolation. Closes the circuit with an empty window, and resets the growth of its open
 * time.
 */
export interface ReleaseCommand {
  readonly kind: "release";
  readonly reason: string | null;
  readonly owner: string;
}

/**
 * Closes the circuit with an empty window, and resets the growth of its open time. Does not end an
 * isolation.
 */
export interface ResetCommand {
  readonly kind: "reset";
  readonly reason: string | null;
  readonly owner: string;
}

/** A command that controls a circuit by hand. */
export type ControlCommand = IsolateCommand | ReleaseCommand | ResetCommand;

/** Any command that a store can run. */
export type FleetCommand =
  | AdmitCommand
  | SettleCommand
  | TellCommand
  | ReadCommand
  | ControlCommand;
