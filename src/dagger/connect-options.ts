/** The options of the guard in `connect` and `connection`: those of any guard, and some for sessions. */

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

/** The options of the guard in `connect` and `connection`. */
export interface ConnectGuardOptions extends GuardOptions {
  /**
   * The longest time for opening a session, in milliseconds above 0. A session that opens too late is ended
   * with its CLI, and counts as a failure of the engine. Default: none; the SDK itself gives up after five
   * minutes.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * The reaction to a session that is lost during a callback: the callback fails, or runs again in a new
   * session. A second run is cheap, because the engine has cached the finished steps. There is no second
   * run in a session from the environment, nor after the callback has published, exported, started a
   * service or called a module. Default: `"fail"`.
   */
  readonly onSessionLost?: "fail" | "rerun" | undefined;
  /**
   * Whether to read the engine's traces. They show which hosts the engine contacted, how those answered,
   * and what came from a cache. It works only for sessions opened here. A collector in the environment
   * still receives all traces. Default: true with a shared store, unless the environment names a collector
   * or contains a session; else false.
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
  /** Undefined: read traces if circuits are shared and the environment names no collector. */
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
 * Validates the options of a connection, and separates the options of its guard, which the guard validates
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

/** Returns whether a callback may run again, by what its requests have done so far. */
export function mayRunAgain(
  sideEffects: ReadonlySet<SideEffect>,
  { rerunModules }: ConnectSettings,
): boolean {
  return [...sideEffects].every((effect) => effect === "module" && rerunModules);
}
