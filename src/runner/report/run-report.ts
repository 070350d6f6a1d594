/** The report at the end of a guarded run. */

import type { Failure } from "../../attribution/failure.js";
import type { Contacts } from "../contacts/contacts.js";
import type { OutputError } from "../output/child-streams.js";
import type { RunLimit, RunSessions } from "../run-plan.js";
import type { LockedImage } from "./locked-images.js";

/** How a run ended. */
export type RunOutcome =
  | "succeeded"
  | "failed"
  | "rejected"
  | "timed-out"
  | "interrupted"
  | "not-started";

/** The failure of an attempt. */
export interface RunFailure extends Failure {
  /** The breaker that counted it; null if none did. */
  readonly breaker: string | null;
  /** The circuit of the failure, even if it did not count there; null if none exists. */
  readonly circuit: string | null;
  /**
   * Whether the failure counts only in this run although its circuit is shared, because only the
   * program's output shows it. `--needs` with the circuit would have shared it.
   */
  readonly couldShare: boolean;
}

/** One attempt of a command. */
export interface AttemptReport {
  /** Its exit code, or 128 plus the number of the signal that ended it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
  /** The limit that ended it; null if none did. */
  readonly timedOut: RunLimit | null;
  /** The own stream that could not be written, and the reason; null if both could. */
  readonly outputError: OutputError | null;
  readonly failure: RunFailure | null;
}

/** The rejection of a command. */
export interface RejectionReport {
  /** The rejecting breaker with the longest wait. */
  readonly upstream: string;
  /** The other rejecting breakers. */
  readonly others: readonly string[];
  readonly reason: "open" | "probing" | "isolated";
  readonly retryAfterMs: number | null;
  /** The time of its last failure, as an ISO date. */
  readonly since: string | null;
  /** The end of a shared circuit's rejections, as an ISO date; null for others, and while it probes. */
  readonly until: string | null;
  /** The attribution rule of that failure, and the component at fault. */
  readonly rule: string | null;
  readonly fault: string | null;
  /** The rate-limit scope; null for a circuit of this run alone. */
  readonly scope: string | null;
  /** The process whose failure opened a shared circuit, or the owner of its isolation. */
  readonly openedBy: Opener | null;
  /** The reason for an isolation; null if none exists. */
  readonly isolationReason: string | null;
}

/** A process or person of the fleet. */
export interface Opener {
  /** The machine, or the person who isolated a circuit. */
  readonly host: string;
  /** The CI run; null outside of CI. */
  readonly run: string | null;
}

/** A problem that makes a run or its report incomplete. It contains no data of the command. */
export interface Note {
  readonly code: string;
  readonly text: string;
}

/** The report of a guarded run. It contains no argument, output or other secret of the command. */
export interface RunReport {
  readonly outcome: RunOutcome;
  /**
   * The exit code of the command, or one of ours. 74: output not written. 75: rejected. 124: ended by
   * a limit. 126 or 127: not started. 128 plus the number of a signal: ended by that signal.
   */
  readonly exitCode: number;
  /** The signal that ended the command or interrupted its wait; null if none did. */
  readonly signal: NodeJS.Signals | null;
  /** Total time of attempts and waits. */
  readonly durationMs: number;
  /** Total time of waits for circuits. */
  readonly waitedMs: number;
  readonly attempts: readonly AttemptReport[];
  /** The reason why an allowed retry was not made; null otherwise. */
  readonly notRepeated: string | null;
  /** The failure of the last attempt. */
  readonly failure: RunFailure | null;
  readonly rejection: RejectionReport | null;
  /** Counters of the sessions that connected to us; null without sessions. */
  readonly sessions: RunSessions | null;
  /** Requests to registries avoided because circuits were open. */
  readonly sparedRequests: number;
  /** The contacts of the command according to its traces; null without traces. */
  readonly contacts: Contacts | null;
  /** Images taken from Dagger's lock file. */
  readonly lockedImages: readonly LockedImage[];
  /** The breakers that an earlier run of the same command contacted. */
  readonly learnt: readonly string[];
  readonly warnings: readonly Note[];
}
