/** The options of the guard in `connect` and `connection`, beyond those of a single client. */

import type { SideEffect } from "../attribution/query/named-upstream.js";
import type { GuardOptions } from "../guard/guard-options.js";
import {
  booleanField,
  numberField,
  readOptions,
  readRecord,
  SOME_MILLISECONDS,
  wordField,
} from "../options/check.js";

/** The options of a connection's guard. */
export interface ConnectGuardOptions extends GuardOptions {
  /**
   * The limit in milliseconds for opening a session; above 0. Default: none. The SDK itself gives
   * up after five minutes, while an engine that does not answer prints nothing for ten. A session
   * that opens too late is ended, including its CLI, and counts as a failure of the engine.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * The reaction to a lost session during a callback: it fails, or runs again on a new session. A
   * rerun is cheap, because the engine has cached the finished steps. It never happens in a session
   * inherited from the environment, nor after the callback has published, exported, started a
   * service or called a module. Default: `"fail"`.
   */
  readonly onSessionLost?: "fail" | "rerun" | undefined;
  /**
   * Whether to read the engine's own traces: which hosts were contacted, how they answered, and
   * what came from a cache. Only for sessions opened here. Only the CLI gets the variables for it,
   * and a collector in the environment receives all traces as before. Default: true with a shared
   * store, unless the environment names a collector or the session is inherited; else false.
   */
  readonly traces?: boolean | undefined;
  /** The most reruns of a callback, 1 to 100. Default: 1. */
  readonly maxReruns?: number | undefined;
  /** Whether a callback that has called a module may run again. Default: false. */
  readonly rerunModules?: boolean | undefined;
}

/** The validated options of a connection, without those of the guard itself. */
export interface ConnectSettings {
  readonly connectTimeoutMs: number | undefined;
  readonly onSessionLost: "fail" | "rerun";
  readonly maxReruns: number;
  readonly rerunModules: boolean;
  /** Undefined: only where they are needed and have no other reader. */
  readonly traces: boolean | undefined;
}

const FIELDS = {
  connectTimeoutMs: numberField(undefined, SOME_MILLISECONDS),
  onSessionLost: wordField<"fail" | "rerun">("fail", ["fail", "rerun"]),
  maxReruns: numberField(1, { min: 1, max: 100, whole: true }),
  rerunModules: booleanField(false),
  traces: booleanField(undefined),
};

/**
 * Validates the options of a connection and separates those of its guard, which validates them
 * itself.
 *
 * @throws TypeError or RangeError that names the option, its value and what was expected.
 */
export function readConnectOptions(given: unknown): {
  readonly settings: ConnectSettings;
  readonly guardOptions: GuardOptions;
} {
  const own: Record<string, unknown> = {};
  const guardOptions: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(readRecord(given ?? {}, "guard"))) {
    (name in FIELDS ? own : guardOptions)[name] = value;
  }
  return { settings: readOptions("guard", own, FIELDS), guardOptions };
}

/** Returns whether the effects of a callback so far permit a rerun. */
export function mayRunAgain(
  sideEffects: ReadonlySet<SideEffect>,
  { rerunModules }: ConnectSettings,
): boolean {
  return [...sideEffects].every((effect) => effect === "module" && rerunModules);
}
