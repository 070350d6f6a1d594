/** The environment variables of this package, and the misspelled ones. */

import { nearestWord } from "../options/close-words.js";
import type { Terminal } from "./terminal.js";

const PREFIX = "DAGGER_BREAKER_";

/** The names of all variables, without their prefix. */
const NAMES = [
  "CLI",
  "CONNECT_TIMEOUT",
  "COUNT_BY",
  "DASHBOARD_URL",
  "DEBUG",
  "IDEMPOTENT",
  "IDLE_TIMEOUT",
  "JSON",
  "JUNIT",
  "KILL_AFTER",
  "LEARNT",
  "LOST_SESSION_GRACE",
  "MAX_WAIT",
  "MIRRORS",
  "NEEDS",
  "NOTIFY_URL",
  "OPERATION_TIMEOUT",
  "OTLP",
  "OUTPUT",
  "PIN",
  // Set by `run` for the programs that it starts.
  "PROXY",
  "QUIET",
  "RATE_LIMIT_OPEN",
  "RETRY",
  "RETRY_DELAY",
  "RETRY_MAX_DELAY",
  // Set by `run` for the sessions of its command.
  "RUN",
  "SCOPE",
  "STDIN",
  "STOP_GRACE",
  "STORE",
  "STORE_TIMEOUT",
  "STORE_TOKEN",
  "TIMEOUT",
  "TRACES",
  "WAIT",
] as const;

/** The name of a variable of this package. */
export type Variable = `${typeof PREFIX}${(typeof NAMES)[number]}`;

/** The names of all variables. */
export const VARIABLES: readonly string[] = NAMES.map((name) => `${PREFIX}${name}`);

/** The most letters that a misspelled name may differ by. */
const MAX_DISTANCE = 3;

/**
 * Returns one sentence for each set variable that looks like a misspelled one of ours. It contains
 * names and never a value.
 *
 * A name that resembles none of ours is left alone, because scripts may use the prefix for variables
 * of their own, such as `DAGGER_BREAKER_VERSION`. Nor is a name of three letters reported: it
 * resembles one of ours by chance.
 */
export function misspelledVariables(env: Terminal["env"]): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    // On Windows a variable has its name in any case, so it is read.
    if (!/^DAGGER_BREAKER_\w+$/.test(upper) || (value ?? "").trim() === "" || isRead(upper, env)) {
      continue;
    }
    const own = upper.slice(PREFIX.length);
    const limit = own.length < 4 ? 0 : Math.min(MAX_DISTANCE, Math.floor((own.length - 1) / 2));
    const meant = nearestWord(own, NAMES, limit);
    if (meant === undefined) continue;
    found.push(`${name} has no effect; did you mean ${PREFIX}${meant}?`);
  }
  return found;
}

function isRead(upper: string, env: Terminal["env"]): boolean {
  return VARIABLES.includes(upper) && env[upper] !== undefined;
}
