/** The protocol of `dagger-breaker serve`, shared by client and server. */

import type { FleetCommand } from "../rules/command.js";
import type { FleetKey } from "../store.js";

/** The paths. All but health, live and ready require a token. */
export const PATHS = {
  /** POST a list of commands for any circuits. They run in order and are answered in order. */
  commands: "/1/commands",
  /** GET `?scope=`: the circuits of a scope; with `&reports=1` what was counted of each, too. */
  circuits: "/1/circuits",
  /** GET with the read token: metrics as text for Prometheus. */
  metrics: "/metrics",
  /** GET: returns 200 while the server runs. */
  live: "/health/live",
  /** GET: returns 200 while the store answers. */
  ready: "/health/ready",
  /** GET `?fail=&scope=` with the read token: the circuits, for health checks. */
  healthCircuits: "/health/circuits",
  /** GET: the scopes that have circuits. */
  scopes: "/1/scopes",
  /** GET `?scope=&name=`: the changes of a circuit. */
  history: "/1/history",
  /** GET `?scope=`: changes as they happen, as server-sent events. */
  events: "/1/events",
  /** GET: returns "ok". */
  health: "/1/health",
} as const;

/** One command in a body. */
export interface KeyedCommand {
  readonly key: FleetKey;
  readonly command: FleetCommand;
}

/**
 * The header of each answer that shows which commands a server understands. The first version sends no
 * such header. A server that sends 2 understands `tell` and the fields that came with it.
 */
export const COMMANDS_HEADER = "dagger-breaker-commands";
export const COMMANDS_VERSION = 2;

/** The limits of one body: number of commands and bytes. */
export const MAX_COMMANDS = 1000;
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The interval of heartbeats. A connection that is silent for twice as long is closed. */
export const HEARTBEAT_MS = 10_000;
