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
  /** Whether the idle time begins with the first output or trace instead of the start. */
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

/** A GraphQL request of a session that we answered with an error in place of the engine. */
export interface RejectedRequest {
  /**
   * Why: a circuit was open, `--operation-timeout` ended the request, or the session had been lost.
   */
  readonly type: "CIRCUIT_OPEN" | "TIMED_OUT" | "SESSION_LOST";
  /** The circuit that rejected the request; `engine` for the other two reasons. */
  readonly circuit: string;
}

/**
 * The guarded sessions of a command: those that it opens through our stand-in, or the one in its
 * environment.
 */
export interface ChildSessions {
  /** Variables for the command, which make its SDK connect to us instead of the engine. */
  readonly variables: Readonly<Record<string, string>>;
  /** A folder that the watcher removes if we are killed. */
  readonly folder?: OwnFolder | undefined;
  /**
   * Calls `listener` when a session begins; at once if one has begun. Returns a function that
   * removes the listener.
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
  /** Returns the last rejected request; null if none exists. */
  lastRejection(): RejectedRequest | null;
}

/** The number of retries, and the delays before them. */
export interface RetryLimits {
  /** Retries for failures that may go away by themselves. */
  readonly maxRetries: number;
  /** Why `maxRetries` is 0 although the user asked for retries, in words for the report. */
  readonly whyNoRetries?: string | undefined;
  /**
   * The longest delay before the first retry in milliseconds. It doubles with each retry. Default:
   * 1,000.
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
  /** How each attempt gets standard input. Default: it inherits ours. */
  readonly stdin?: InputChoice | undefined;
  /** Descriptors from 3 on that the command inherits. */
  readonly inherited?: readonly number[] | undefined;
  /** Prepared output streams; the run closes them. */
  readonly output?: PreparedOutput | undefined;
  /** Signals that are already listened to; the run releases them. */
  readonly signals?: RunSignals | undefined;
  readonly limits: RunLimits;
  /** Times for ending the command that differ from the defaults. */
  readonly stop?: Partial<StopTimes> | undefined;
  /**
   * How the run uses the upstreams that an earlier run contacted: `off` ignores them, `warn` adds a
   * note if a circuit of theirs is open, `enforce` asks their circuits first.
   */
  readonly learnt: "off" | "warn" | "enforce";
  /** The file with the contacts of earlier runs; undefined for the default. */
  readonly learntPath?: string | undefined;
  /** Receives traces of the command or its sessions; the run ends it. */
  readonly tracing?: CommandTracing | undefined;
  /**
   * Receives the logs of steps as signs of progress, if the command prints nothing meanwhile; the
   * caller closes it.
   */
  readonly steps?: StepOutput | undefined;
  /** Whether the command itself sends traces, not only the CLIs of its sessions. */
  readonly sendsTraces: boolean;
  readonly sessions?: ChildSessions | undefined;
}
