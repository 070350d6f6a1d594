/** What the guard of `connect` and `connection` can be told beyond that of a single client. */

import type { SideEffect } from "../attribution/query/query-reading.js";
import type { GuardOptions } from "../guard/guard-options.js";
import {
  booleanField,
  numberField,
  readOptions,
  readRecord,
  SOME_MILLISECONDS,
  wordField,
} from "../options/check.js";

/** What the guard of a connection can be told. */
export interface ConnectGuardOptions extends GuardOptions {
  /**
   * Milliseconds within which a session must open; above 0. None by default: the SDK itself gives
   * up after five minutes, while an engine that does not answer says nothing for ten. What opens too
   * late is ended, the CLI included, and is a failure of the engine.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * What becomes of a callback whose session is lost: it fails, or it runs again on a new session,
   * which is cheap since the engine has cached the steps that were finished. It is never run again
   * in a session inherited from the environment, nor when it has published, exported, started a
   * service or called a module. Default: `"fail"`.
   */
  readonly onSessionLost?: "fail" | "rerun" | undefined;
  /**
   * Whether the engine's own traces are read as witness: which hosts were asked, how they answered,
   * what came from a cache. Only for sessions that are opened here; the CLI alone gets the variables
   * for it, and the collector that the environment names gets all traces as before. Default: true with a
   * shared store, unless the environment names a collector or the session is inherited; else false.
   */
  readonly traces?: boolean | undefined;
  /** How often a callback may be run again, 1 to 100. Default: 1. */
  readonly maxReruns?: number | undefined;
  /** Whether a callback that has called a module may be run again. Default: false. */
  readonly rerunModules?: boolean | undefined;
}

/** The options of a connection, checked, apart from those of the guard itself. */
export interface ConnectSettings {
  readonly connectTimeoutMs: number | undefined;
  readonly onSessionLost: "fail" | "rerun";
  readonly maxReruns: number;
  readonly rerunModules: boolean;
  /** Undefined: where they are needed and nobody else reads them. */
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
 * Checks the options of a connection and parts them from those of its guard, which checks the rest.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
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

/** Whether what a callback has done so far may be done again. */
export function mayRunAgain(
  sideEffects: ReadonlySet<SideEffect>,
  { rerunModules }: ConnectSettings,
): boolean {
  return [...sideEffects].every((effect) => effect === "module" && rerunModules);
}
