/** What a guarded run of a whole command is told. */

import type { Environment } from "../traces/environment.js";
import type { CommandWitness } from "./contacts/command-witness.js";
import type { OwnFolder } from "./ending/group-watcher.js";
import type { StopTimes } from "./ending/stop-plan.js";
import type { InputChoice } from "./input/command-input.js";
import type { PreparedOutput } from "./output/prepared-output.js";
import type { LockedImage } from "./report/locked-images.js";
import type { RunSignals } from "./signals/run-signals.js";
import type { StepOutput } from "./step-output.js";

/** When a run is ended by us, in milliseconds; without a limit it never is. */
export interface RunLimits {
  /** For one attempt as a whole. */
  readonly timeoutMs?: number | undefined;
  /** Until there is a first sign of a session to an engine. */
  readonly connectTimeoutMs?: number | undefined;
  /** Without any output or trace. */
  readonly idleTimeoutMs?: number | undefined;
  /** After the last session was lost, without any output or another session. */
  readonly lostSessionGraceMs?: number | undefined;
  /** Whether the idle time begins with the first output or trace, and not with the command. */
  readonly idleFromFirstSign?: boolean | undefined;
}

/** Which of the limits ended a command. */
export type RunLimit = "total" | "connect" | "idle" | "session";

/** What went through the sessions that a command opened; counters never go back. */
export interface RunSessions {
  readonly requests: number;
  readonly rejected: number;
  readonly timedOut: number;
  readonly lost: number;
}

/** A request of a session that we answered in the place of the engine. */
export interface RefusedRequest {
  /** Why: a circuit was open, our own timeout ended it, or the session had been lost. */
  readonly type: "CIRCUIT_OPEN" | "TIMED_OUT" | "SESSION_LOST";
  /** The circuit that refused it; `engine` for the other reasons. */
  readonly circuit: string;
}

/** The sessions that a command opens through a program of ours, or finds in its environment. */
export interface ChildSessions {
  /** What the command gets in its environment so that they come to us. */
  readonly variables: Readonly<Record<string, string>>;
  /** What somebody else has to remove when we are killed. */
  readonly folder?: OwnFolder | undefined;
  /** Calls `listener` when a session begins; at once when one has begun. Returns how to stop. */
  onBegin(listener: () => void): () => void;
  /** Calls `listener` when a session is lost and no other one is left. Returns how to stop. */
  onAllLost?(listener: () => void): () => void;
  /** What went through them so far; null when there was none. */
  counts(): RunSessions | null;
  /** Images that they took by the lock file of Dagger. */
  lockedImages?(): readonly LockedImage[];
  /** The last request that was refused; null when none was. */
  lastRefused(): RefusedRequest | null;
}

/** How often a command is run again, and how long is waited before that. */
export interface RetryLimits {
  /** Attempts after the first, for failures that may well go away by themselves. */
  readonly maxRetries: number;
  /** The longest wait before the second attempt; each further one may be twice as long. Default: 1,000. */
  readonly initialDelayMs?: number | undefined;
  /** The longest wait before any attempt. Default: 60,000. */
  readonly maxDelayMs?: number | undefined;
}

/** A command and how it is to be run. */
export interface RunPlan extends RetryLimits {
  readonly command: string;
  readonly args: readonly string[];
  /** The environment that the command would have without us. */
  readonly env: Environment;
  /** Standard input in each attempt; by default it is given as it is. */
  readonly stdin?: InputChoice | undefined;
  /** Descriptors behind the standard streams that the command is given as well. */
  readonly inherited?: readonly number[] | undefined;
  /** What its output goes through, where that is prepared already; the run closes it. */
  readonly output?: PreparedOutput | undefined;
  /** Where signals are listened to already; the run releases them. */
  readonly signals?: RunSignals | undefined;
  readonly limits: RunLimits;
  /** How much time the command has to end, where that is not the default. */
  readonly stop?: Partial<StopTimes> | undefined;
  /** What an earlier run of the same command contacted: not asked, warned of, or gated. */
  readonly learnt: "off" | "warn" | "enforce";
  /** Where that is kept; undefined for the default place. */
  readonly learntPath?: string | undefined;
  /** Hears the traces of the command, or of its sessions; the run ends it. */
  readonly witness?: CommandWitness | undefined;
  /** Hears what steps print where the command itself prints nothing; the caller ends it. */
  readonly steps?: StepOutput | undefined;
  /** Whether the command itself is to send its traces, and not only the CLIs of its sessions. */
  readonly sendsTraces: boolean;
  readonly sessions?: ChildSessions | undefined;
}
