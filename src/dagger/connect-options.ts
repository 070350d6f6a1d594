/**
 * Defines and validates the guard's options for `connect` and `connection`. Some of them concern only
 * sessions.
 */

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

/**
 * The options of the guard in `connect` and `connection`: the options of any guard, and some for sessions.
 */
export interface ConnectGuardOptions extends GuardOptions {
  /**
   * The longest time for opening a session, in milliseconds above 0. If a session takes longer, its CLI is
   * ended, and the engine's breaker counts a failure. Default: no limit; the SDK itself gives up after five
   * minutes.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * The reaction to a session that is lost during the callback. `"fail"` rejects with the error; `"rerun"`
   * calls the callback again in a new session. A rerun is cheap, because the engine has cached the finished
   * steps.
   *
   * A callback never runs again in a session from the environment. It does not run again after it has
   * published, exported, started a service or called a module; for modules, see `rerunModules`. Default:
   * `"fail"`.
   */
  readonly onSessionLost?: "fail" | "rerun" | undefined;
  /**
   * Whether to read the engine's traces. They show which hosts the engine contacted, how the hosts
   * answered, and which results came from a cache. Traces are available only for sessions that this call
   * opens. A collector in the environment still receives all traces.
   *
   * Default: true with a shared store, but false if the environment names a collector or contains a
   * session. Without a shared store: false.
   */
  readonly traces?: boolean | undefined;
  /** The most reruns of a callback, 1 to 100. Default: 1. */
  readonly maxReruns?: number | undefined;
  /** Whether a callback that has called a module may run again. Default: false. */
  readonly rerunModules?: boolean | undefined;
}

/** The validated options of a connection, without the options that every guard has. */
export interface ConnectSettings {
  readonly connectTimeoutMs: number | undefined;
  readonly onSessionLost: "fail" | "rerun";
  readonly maxReruns: number;
  readonly rerunModules: boolean;
  /**
   * Undefined: read traces if circuits are shared, and the environment neither names a collector nor
   * contains a session.
   */
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
 * Validates the options of a connection. Returns the other options unchecked, because the guard validates
 * them itself.
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

/** Returns whether a callback may run again. That depends on the side effects of its requests so far. */
export function mayRunAgain(
  sideEffects: ReadonlySet<SideEffect>,
  { rerunModules }: ConnectSettings,
): boolean {
  return [...sideEffects].every((effect) => effect === "module" && rerunModules);
}
