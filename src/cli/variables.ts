/** The environment variables of this package. Also finds variables whose names look misspelled. */

import { nearestWord } from "../options/close-words.js";
import type { Terminal } from "./terminal.js";

const PREFIX = "DAGGER_BREAKER_";

/** The names of all variables, without the prefix. */
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
  // `run` sets this variable for the programs that it starts.
  "PROXY",
  "QUIET",
  "RATE_LIMIT_OPEN",
  "RETRY",
  "RETRY_DELAY",
  "RETRY_MAX_DELAY",
  // `run` sets this variable for the sessions of its command.
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

/** The names of all variables, with the prefix. */
export const VARIABLES: readonly string[] = NAMES.map((name) => `${PREFIX}${name}`);

/** The maximum number of letters in which a misspelled name may differ. */
const MAX_DISTANCE = 3;

/**
 * Returns a sentence for each set variable whose name looks like a misspelled name of ours. A
 * sentence contains names, but never a value.
 *
 * Names that resemble none of ours are ignored, because scripts may use the prefix for their own
 * variables, such as `DAGGER_BREAKER_VERSION`. Names of at most three letters are ignored too,
 * because they may resemble one of ours by chance.
 */
export function misspelledVariables(env: Terminal["env"]): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    // On Windows, the case of a variable's name does not matter. So `dagger_breaker_retry` is read
    // there, and is not misspelled.
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
