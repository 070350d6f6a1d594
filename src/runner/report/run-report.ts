/** The report at the end of a guarded run. */

import type { RunFailure } from "../attempt/run-failure.js";
import type { Contacts } from "../contacts/contacts.js";
import type { OutputError } from "../output/child-streams.js";
import type { RunLimit, RunSessions } from "../run-plan.js";
import type { ReportedLock } from "./locked-images.js";

/** How a run ended. */
export type RunOutcome =
  | "succeeded"
  | "failed"
  | "rejected"
  | "timed-out"
  | "interrupted"
  | "not-started";

/** One attempt of a command. */
export interface AttemptReport {
  /** The attempt's exit code, or 128 plus the number of the signal that ended it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
  /** The limit that ended the attempt; null if none did. */
  readonly timedOut: RunLimit | null;
  /** Which of our streams could not be written, stdout or stderr, and why; null if both could. */
  readonly outputError: OutputError | null;
  readonly failure: RunFailure | null;
}

/** The rejection of a command. */
export interface RejectionReport {
  /** Of the breakers that rejected the command, the one with the longest wait. */
  readonly upstream: string;
  /** The other breakers that rejected the command. */
  readonly others: readonly string[];
  readonly reason: "open" | "probing" | "isolated";
  readonly retryAfterMs: number | null;
  /** When the circuit's last failure occurred, as an ISO date. */
  readonly since: string | null;
  /**
   * When a shared circuit stops rejecting, as an ISO date; null for a circuit of this run, and
   * while the circuit probes.
   */
  readonly until: string | null;
  /** The rule that classified the circuit's last failure, and in `fault` the component at fault. */
  readonly rule: string | null;
  readonly fault: string | null;
  /** The rate-limit scope of a shared circuit; null for a circuit of this run alone. */
  readonly scope: string | null;
  /** The process whose failure opened a shared circuit, or the person who isolated it. */
  readonly openedBy: CircuitOpener | null;
  /** The reason for an isolation; null if none exists. */
  readonly isolationReason: string | null;
  /** Why `--wait` did not wait for the circuit, or not longer, in words; null without `--wait`. */
  readonly notWaited: string | null;
}

/** A process or person of the fleet. */
export interface CircuitOpener {
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
  /** Total time of the run, attempts and waits included. */
  readonly durationMs: number;
  /** Total time of waits for circuits. */
  readonly waitedMs: number;
  /**
   * Low estimate of the time until a rejected run would have failed, from other runs in the store; 0 for
   * other runs, and when it is unknown.
   */
  readonly avoidedMs: number;
  readonly attempts: readonly AttemptReport[];
  /**
   * Why a retry was not made although retries were asked for and left, such as input that can be
   * read only once; otherwise null.
   */
  readonly notRepeated: string | null;
  /** The failure of the last attempt. */
  readonly failure: RunFailure | null;
  readonly rejection: RejectionReport | null;
  /** Counters of the guarded sessions; null without a session. */
  readonly sessions: RunSessions | null;
  /** Requests to registries avoided because circuits were open. */
  readonly sparedRequests: number;
  /** The contacts of the command according to its traces; null without traces. */
  readonly contacts: Contacts | null;
  /** Images taken from Dagger's lock file. */
  readonly lockedImages: readonly ReportedLock[];
  /** The breakers that an earlier run of the same command contacted. */
  readonly learnt: readonly string[];
  readonly warnings: readonly Note[];
}
