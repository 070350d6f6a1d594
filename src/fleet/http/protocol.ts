/** Defines the protocol of `dagger-breaker serve`, which client and server share. */

import type { FleetCommand } from "../rules/command.js";
import type { FleetKey } from "../store.js";

/**
 * The paths of the server. All paths require a token, except `/1/health`, `/health/live` and
 * `/health/ready`.
 */
export const PATHS = {
  /**
   * POST: runs a list of commands for any circuits, in order. Returns the replies in the same
   * order.
   */
  commands: "/1/commands",
  /**
   * GET `?scope=`: returns the circuits of a scope. With `&reports=1`, also returns the counts of
   * each circuit.
   */
  circuits: "/1/circuits",
  /** GET with the read token: returns metrics as text for Prometheus. */
  metrics: "/metrics",
  /** GET: returns 200 while the server runs. */
  live: "/health/live",
  /** GET: returns 200 while the store answers. */
  ready: "/health/ready",
  /** GET `?fail=&scope=` with the read token: returns the circuits for health checks. */
  healthCircuits: "/health/circuits",
  /** GET: returns the scopes that have circuits. */
  scopes: "/1/scopes",
  /** GET `?scope=&name=`: returns the last changes of a circuit. */
  history: "/1/history",
  /** GET `?scope=`: streams changes when they happen, as server-sent events. */
  events: "/1/events",
  /** GET: returns "ok". */
  health: "/1/health",
} as const;

/** One entry of a commands request: a command, and the key of its circuit. */
export interface KeyedCommand {
  readonly key: FleetKey;
  readonly command: FleetCommand;
}

/**
 * The response header that shows which commands a server understands. Version 1 of the server does
 * not send this header. Version 2 understands `tell`, and the fields `reporter`, `faults` and
 * `report`.
 */
export const COMMANDS_HEADER = "dagger-breaker-commands";
export const COMMANDS_VERSION = 2;

/** The limits of one request body: the number of commands, and the size in bytes. */
export const MAX_COMMANDS = 1000;
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * The interval of heartbeats in milliseconds. A client closes a connection that is silent for 2.5
 * intervals.
 */
export const HEARTBEAT_MS = 10_000;
