/** What a store can be asked to do with one shared circuit. */

import type { SharedPolicy } from "./policy.js";
import type { Reporter, SharedFailure } from "./state.js";

/** More calls than this are not asked for with one command. */
export const MAX_CALLS = 1000;

/** The longest isolation: 30 days. */
export const MAX_ISOLATION_MS = 30 * 24 * 3_600_000;

/** Asks for some calls at once to be let in. */
export interface AdmitCommand {
  readonly kind: "admit";
  readonly policy: SharedPolicy;
  /** How many calls ask; 1 to 1,000. */
  readonly count: number;
  /**
   * Names the probe places of this command, 1 to 80 of the characters `A-Z a-z 0-9 _ -`, never used
   * before: the call with index i gets the lease `<lease>.<i>`.
   */
  readonly lease: string;
  /** From 0 to 1, for the jitter of an open time; the caller draws it, so that a store has no chance. */
  readonly chance: number;
}

/** Tells what became of calls of one generation, and gives places of probes back. */
export interface SettleCommand {
  readonly kind: "settle";
  readonly policy: SharedPolicy;
  /** The generation in which the calls were let in; null for those that had no permit: while closed. */
  readonly generation: number | null;
  readonly successes: number;
  readonly failures: number;
  /** The places to give back; a call that was not made gives back its own without an outcome. */
  readonly leases: readonly string[];
  readonly reporter: Reporter;
  /** What the last of the failures was; null without one. */
  readonly failure: SharedFailure | null;
  /** Whether one of the failures opens the circuit at once, as a rate limit does. */
  readonly openNow: boolean;
  /** For how long the upstream asked to be left alone; 0 when it did not. Finite. */
  readonly retryAfterMs: number;
  readonly chance: number;
}

/** Asks how the circuit stands. Changes nothing, not even a state whose time is over. */
export interface ReadCommand {
  readonly kind: "read";
}

/** Keeps all calls out for a time. */
export interface IsolateCommand {
  readonly kind: "isolate";
  /** 1 to 1,000 characters. */
  readonly reason: string;
  /** Who does it: 1 to 200 characters. */
  readonly owner: string;
  /** Above 0 and up to 30 days. */
  readonly expiresInMs: number;
}

/** Ends an isolation: closed, with an empty window and no growth. */
export interface ReleaseCommand {
  readonly kind: "release";
  readonly reason: string | null;
  readonly owner: string;
}

/** Closes the circuit with an empty window and no growth; an isolation stays. */
export interface ResetCommand {
  readonly kind: "reset";
  readonly reason: string | null;
  readonly owner: string;
}

/** What somebody does by hand. */
export type ControlCommand = IsolateCommand | ReleaseCommand | ResetCommand;

/** What a store can be asked. */
export type FleetCommand = AdmitCommand | SettleCommand | ReadCommand | ControlCommand;
