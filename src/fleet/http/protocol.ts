/** What both ends of the protocol of `dagger-breaker serve` must agree on. */

import type { FleetCommand } from "../rules/command.js";
import type { FleetKey } from "../store.js";

/** Where things are; all but health want the token. */
export const PATHS = {
  /** POST a list of commands for any circuits: they are run in order, and answered in order. */
  commands: "/1/commands",
  /** GET `?scope=`: the circuits of a scope. */
  circuits: "/1/circuits",
  /** GET `?scope=&name=`: the changes of a circuit. */
  history: "/1/history",
  /** GET `?scope=`: changes as they happen, as server-sent events. */
  events: "/1/events",
  /** GET: says "ok". */
  health: "/1/health",
} as const;

/** One command in a body. */
export interface KeyedCommand {
  readonly key: FleetKey;
  readonly command: FleetCommand;
}

/** So many commands go in one body, which may not be longer than this. */
export const MAX_COMMANDS = 1000;
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** A stream of changes says something at least this often; who hears nothing twice as long is cut off. */
export const HEARTBEAT_MS = 10_000;
