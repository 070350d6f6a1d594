/** What a guarded run reports at its end. */

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

/** Whose fault a failed attempt was. */
export interface RunFailure extends Failure {
  /** The breaker that has counted it; null when none has. */
  readonly breaker: string | null;
  /** The circuit that it concerns, whether it was counted there or not; null when there is none. */
  readonly circuit: string | null;
  /**
   * Whether it counts in this run alone although its circuit is shared, since nothing but the output of
   * the program shows it. `--needs` with the circuit would have shared it.
   */
  readonly couldShare: boolean;
}

/** One attempt of a command. */
export interface AttemptReport {
  /** Its exit code; 128 and the number of the signal that ended it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
  /** Which limit of ours ended it; null when none did. */
  readonly timedOut: RunLimit | null;
  /** Which of our own streams could not be written, and why; null when all could. */
  readonly outputError: OutputError | null;
  readonly failure: RunFailure | null;
}

/** Why a command was not let in. */
export interface RejectionReport {
  /** The breaker that refused, the one with the longest wait. */
  readonly upstream: string;
  /** The other breakers that refused. */
  readonly others: readonly string[];
  readonly reason: "open" | "probing" | "isolated";
  readonly retryAfterMs: number | null;
  /** When its last failure was, as an ISO date. */
  readonly since: string | null;
  /** Until when a shared circuit refuses, as an ISO date; null for others, and while it probes. */
  readonly until: string | null;
  /** The attribution rule of that failure, and whose fault it was. */
  readonly rule: string | null;
  readonly fault: string | null;
  /** Among whom the circuit is shared; null for one of this run alone. */
  readonly scope: string | null;
  /** The process whose failure opened a shared circuit, or who isolated it. */
  readonly openedBy: Opener | null;
  /** Why somebody isolated it; null when nobody did, or gave no reason. */
  readonly isolationReason: string | null;
}

/** Somebody in the fleet. */
export interface Opener {
  /** The machine, or the person who isolated a circuit. */
  readonly host: string;
  /** The run of a CI system; null outside of one. */
  readonly run: string | null;
}

/** Something that keeps a run or its report from being whole. It holds nothing of the command. */
export interface Note {
  readonly code: string;
  readonly text: string;
}

/** What a guarded run did. It holds no argument, no output and no other secret of the command. */
export interface RunReport {
  readonly outcome: RunOutcome;
  /**
   * What to end with: the exit code of the command; 74 output not written, 75 rejected, 124 ended by a limit, 128 and the
   * number of a signal, 126 or 127 not started.
   */
  readonly exitCode: number;
  /** The signal that ended the command, or interrupted the wait for it; null when none did. */
  readonly signal: NodeJS.Signals | null;
  /** All attempts and waits together. */
  readonly durationMs: number;
  /** How long circuits were waited for. */
  readonly waitedMs: number;
  readonly attempts: readonly AttemptReport[];
  /** Why there was no further attempt although one was allowed; null when that was not so. */
  readonly notRepeated: string | null;
  /** The failure of the last attempt. */
  readonly failure: RunFailure | null;
  readonly rejection: RejectionReport | null;
  /** What the sessions did that came to us; null when none did. */
  readonly sessions: RunSessions | null;
  /** Requests that registries were spared because circuits were open. */
  readonly sparedRequests: number;
  /** What the command contacted by its traces; null without any. */
  readonly contacts: Contacts | null;
  /** Images that its sessions took by the lock file of Dagger. */
  readonly lockedImages: readonly LockedImage[];
  /** The breakers of what an earlier run of the same command contacted. */
  readonly learnt: readonly string[];
  readonly warnings: readonly Note[];
}
