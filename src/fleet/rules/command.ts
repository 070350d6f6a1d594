/** The commands that a store can run on one shared circuit. */

import type { SharedPolicy } from "./policy.js";
import type { RunRecord } from "./run-report.js";
import type { Reporter, SharedFailure } from "./state.js";

/** The limit on calls in one command. */
export const MAX_CALLS = 1000;

/** The longest isolation: 30 days. */
export const MAX_ISOLATION_MS = 30 * 24 * 3_600_000;

/** Asks to admit some calls at once. */
export interface AdmitCommand {
  readonly kind: "admit";
  readonly policy: SharedPolicy;
  /** Number of calls, 1 to 1,000. */
  readonly count: number;
  /**
   * The name of this command's probe leases, 1 to 80 of the characters `A-Z a-z 0-9 _ -`, never
   * used before. The call with index i gets the lease `<lease>.<i>`.
   */
  readonly lease: string;
  /**
   * From 0 to 1, for the jitter of an open time. The caller draws it, so that a store needs no
   * random numbers.
   */
  readonly chance: number;
  /** The name of the sender, if the calls may become probes: other processes see who holds a probe. */
  readonly reporter?: Reporter | undefined;
}

/** Reports outcomes of calls of one generation, and returns probe leases. */
export interface SettleCommand {
  readonly kind: "settle";
  readonly policy: SharedPolicy;
  /**
   * The generation that admitted the calls; null for calls without a permit, which count while
   * closed.
   */
  readonly generation: number | null;
  readonly successes: number;
  readonly failures: number;
  /** The leases to return. A call that was not made returns its lease without an outcome. */
  readonly leases: readonly string[];
  readonly reporter: Reporter;
  /** The last of the failures; null without one. */
  readonly failure: SharedFailure | null;
  /**
   * Failures by component at fault, if they differ; at most 33 entries. Undefined if all have the
   * fault of `failure`.
   */
  readonly faults?: readonly FaultCount[] | undefined;
  /** Whether one of the failures opens the circuit at once, such as a rate limit. */
  readonly openNow: boolean;
  /** Milliseconds for which the upstream asked to be left alone; 0 if it did not. Finite. */
  readonly retryAfterMs: number;
  readonly chance: number;
}

/** The limit on runs in one tell command. */
export const MAX_TOLD = 100;

/** The number of failures with the same component at fault. */
export interface FaultCount {
  readonly fault: string | null;
  /** Whether these failures were rate limits. */
  readonly limited: boolean;
  readonly count: number;
}

/** Reports counts for statistics, which never change a circuit's state. */
export interface TellCommand {
  readonly kind: "tell";
  /** Number of calls that the circuit rejected; a whole number. */
  readonly rejections: number;
  /** Runs of `dagger-breaker run`, at most 100. */
  readonly runs: readonly RunRecord[];
  /** The durations of runs that failed because of this upstream, at most 100. */
  readonly failedRunsMs: readonly number[];
}

/** Reads the state. Changes nothing: an open circuit whose open time is over stays open. */
export interface ReadCommand {
  readonly kind: "read";
  /** Whether the reply contains the counts, too. */
  readonly report?: boolean | undefined;
}

/** Rejects all calls for a time. */
export interface IsolateCommand {
  readonly kind: "isolate";
  /** 1 to 1,000 characters. */
  readonly reason: string;
  /** The person or system in control: 1 to 200 characters. */
  readonly owner: string;
  /** Above 0 and up to 30 days. */
  readonly expiresInMs: number;
}

/**
 * Ends an isolation. The circuit is closed, with an empty window, and its open time no longer
 * grown.
 */
export interface ReleaseCommand {
  readonly kind: "release";
  readonly reason: string | null;
  readonly owner: string;
}

/**
 * Closes the circuit with an empty window, and resets the growth of its open time. An isolation
 * stays.
 */
export interface ResetCommand {
  readonly kind: "reset";
  readonly reason: string | null;
  readonly owner: string;
}

/** A manual control. */
export type ControlCommand = IsolateCommand | ReleaseCommand | ResetCommand;

/** Any command of a store. */
export type FleetCommand =
  | AdmitCommand
  | SettleCommand
  | TellCommand
  | ReadCommand
  | ControlCommand;
