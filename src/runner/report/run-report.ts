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
  /**
   * The first of our streams (stdout, stderr) that could not be written, and why; null without an
   * error.
   */
  readonly outputError: OutputError | null;
  readonly failure: RunFailure | null;
}

/** The rejection of a command. */
export interface RejectionReport {
  /** The breaker with the longest wait among those that rejected the command. */
  readonly upstream: string;
  /** The other breakers that rejected the command. */
  readonly others: readonly string[];
  readonly reason: "open" | "probing" | "isolated";
  readonly retryAfterMs: number | null;
  /**
   * When a shared circuit entered its state, as an ISO date. For a circuit that is not shared, the
   * time of its last failure.
   */
  readonly since: string | null;
  /**
   * When a shared circuit stops rejecting, as an ISO date. Null while a probe runs, and for a
   * circuit that is not shared.
   */
  readonly until: string | null;
  /** The rule that classified the circuit's last failure. `fault` is the component at fault. */
  readonly rule: string | null;
  readonly fault: string | null;
  /** The rate-limit scope of a shared circuit; null for a circuit that is not shared. */
  readonly scope: string | null;
  /** The process whose failure opened a shared circuit, or the person who isolated it. */
  readonly openedBy: CircuitOpener | null;
  /** The reason for an isolation; null without one. */
  readonly isolationReason: string | null;
  /** Why a run with `--wait` did not wait for the circuit, or not longer; null without `--wait`. */
  readonly notWaited: string | null;
}

/** The process or person that opened a circuit. */
export interface CircuitOpener {
  /** The name of the machine, or of the person who isolated the circuit. */
  readonly host: string;
  /** The CI run; null outside of CI. */
  readonly run: string | null;
}

/** A problem that makes a run or its report incomplete. A note contains no data of the command. */
export interface Note {
  readonly code: string;
  readonly text: string;
}

/** The report of a guarded run. It contains no argument, output or other secret of the command. */
export interface RunReport {
  readonly outcome: RunOutcome;
  /**
   * The exit code of the command, or one of this program:
   * - 74: output could not be written
   * - 75: a circuit rejected the command
   * - 124: a limit ended the command
   * - 126 or 127: the command could not be started
   * - 128 plus the number of a signal: that signal ended the command
   */
  readonly exitCode: number;
  /** The signal that ended the command or interrupted a wait; null without one. */
  readonly signal: NodeJS.Signals | null;
  /** Total time of the run, including attempts and waits. */
  readonly durationMs: number;
  /** Total time of waits for circuits. */
  readonly waitedMs: number;
  /**
   * An estimate of the time that a rejection saved: how long other runs in the store took to fail.
   * 0 if this run was not rejected, or if the time is unknown.
   */
  readonly avoidedMs: number;
  readonly attempts: readonly AttemptReport[];
  /**
   * The reason why a remaining retry was not made, such as input that can be read only once;
   * otherwise null.
   */
  readonly notRepeated: string | null;
  /** The failure of the last attempt. */
  readonly failure: RunFailure | null;
  readonly rejection: RejectionReport | null;
  /** Counters of the guarded sessions; null without a session. */
  readonly sessions: RunSessions | null;
  /** Number of requests to registries that were avoided because circuits were open. */
  readonly sparedRequests: number;
  /** The contacts of the command according to its traces; null without traces. */
  readonly contacts: Contacts | null;
  /** Images whose digest came from Dagger's lock file. */
  readonly lockedImages: readonly ReportedLock[];
  /** The breakers that an earlier run of the same command contacted. */
  readonly learnt: readonly string[];
  readonly warnings: readonly Note[];
}
