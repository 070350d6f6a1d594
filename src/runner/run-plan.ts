/** The plan of a guarded run. */

import type { Environment } from "../traces/environment.js";
import type { CommandTracing } from "./contacts/command-tracing.js";
import type { OwnFolder } from "./ending/group-watcher.js";
import type { StopTimes } from "./ending/stop-plan.js";
import type { InputChoice } from "./input/command-input.js";
import type { PreparedOutput } from "./output/prepared-output.js";
import type { ReportedLock } from "./report/locked-images.js";
import type { RunSignals } from "./signals/run-signals.js";
import type { StepOutput } from "./step-output.js";

/** The time limits of a run, in milliseconds. Default: none. */
export interface RunLimits {
  /** How long one attempt may take. */
  readonly timeoutMs?: number | undefined;
  /** How long an attempt may take until the first sign of a session to an engine. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long an attempt may continue without any output or trace. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long a command may continue silently after its last session was lost. */
  readonly lostSessionGraceMs?: number | undefined;
  /**
   * Whether the idle time begins with the first output or trace. Otherwise it begins with the
   * start.
   */
  readonly idleFromFirstSign?: boolean | undefined;
}

/** The limit that ended a command. */
export type RunLimit = "total" | "connect" | "idle" | "session";

/** Counters of the sessions that a command opened. They never decrease. */
export interface RunSessions {
  readonly requests: number;
  readonly rejected: number;
  readonly timedOut: number;
  readonly lost: number;
}

/** A GraphQL request that the guard answered with an error, in place of the engine. */
export interface RejectedRequest {
  /**
   * The reason: a circuit was open, `--operation-timeout` ended the request, or the session had
   * been lost.
   */
  readonly type: "CIRCUIT_OPEN" | "TIMED_OUT" | "SESSION_LOST";
  /** The circuit that rejected the request; `engine` if `type` is not `CIRCUIT_OPEN`. */
  readonly circuit: string;
}

/**
 * The guarded sessions of a command. The command opens them through our stand-in for the dagger
 * CLI, or inherits one from its environment.
 */
export interface ChildSessions {
  /** Variables that make the command's SDK connect to the guard instead of the engine. */
  readonly variables: Readonly<Record<string, string>>;
  /** A folder that the watcher deletes if this process is killed. */
  readonly folder?: OwnFolder | undefined;
  /**
   * Calls `listener` when a session begins, or at once if one has already begun. Returns a function
   * that removes the listener.
   */
  onBegin(listener: () => void): () => void;
  /**
   * Calls `listener` when the last session is lost. Returns a function that removes the listener.
   */
  onAllLost?(listener: () => void): () => void;
  /** Returns the counters so far; null without a session. */
  counts(): RunSessions | null;
  /** Returns the images whose digest the sessions took from Dagger's lock file. */
  lockedImages?(): readonly ReportedLock[];
  /** Returns the last rejected request; null without one. */
  lastRejection(): RejectedRequest | null;
}

/** The number of retries, and the delays before them. */
export interface RetryLimits {
  /** The maximum number of retries after failures that may go away by themselves. */
  readonly maxRetries: number;
  /** Why `maxRetries` is 0 although the user requested retries, in words for the report. */
  readonly whyNoRetries?: string | undefined;
  /**
   * The longest delay before the first retry in milliseconds. The delay doubles with each retry.
   * Default: 1,000.
   */
  readonly initialDelayMs?: number | undefined;
  /** The longest delay before any retry in milliseconds. Default: 60,000. */
  readonly maxDelayMs?: number | undefined;
}

/** A command and the way to run it. */
export interface RunPlan extends RetryLimits {
  readonly command: string;
  readonly args: readonly string[];
  /** The environment of the command, before the variables for sessions and traces are added. */
  readonly env: Environment;
  /** How each attempt gets standard input. Default: `inherit`. */
  readonly stdin?: InputChoice | undefined;
  /** Descriptors from 3 on that the command inherits. */
  readonly inherited?: readonly number[] | undefined;
  /** Prepared output streams. The run closes them. */
  readonly output?: PreparedOutput | undefined;
  /**
   * A listener that was started early, so that no signal is missed. The run releases the listener.
   */
  readonly signals?: RunSignals | undefined;
  readonly limits: RunLimits;
  /** Times for ending the command that differ from the defaults. */
  readonly stop?: Partial<StopTimes> | undefined;
  /**
   * How the run uses the upstreams that the last run of the command contacted:
   * - `off` ignores them
   * - `warn` adds a note if one of their circuits is open
   * - `enforce` asks their circuits before each attempt
   */
  readonly learnt: "off" | "warn" | "enforce";
  /** The file with the contacts of earlier runs; undefined for the default. */
  readonly learntPath?: string | undefined;
  /** Receives traces of the command or of its sessions. The run closes the receiver. */
  readonly tracing?: CommandTracing | undefined;
  /**
   * Receives the logs of steps, which show progress even if the command prints nothing. The caller
   * closes the receiver.
   */
  readonly steps?: StepOutput | undefined;
  /** Whether the command itself sends traces, not only the CLIs of its sessions. */
  readonly sendsTraces: boolean;
  readonly sessions?: ChildSessions | undefined;
}
