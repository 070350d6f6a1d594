/**
 * Counts the outcomes that are lost when a server's store fails. Needs no types of Node.js, so that
 * declarations compile without them.
 */

import type { FleetCommand } from "../rules/command.js";

/** Receives an error of the store, and the number of outcomes that were lost with it. */
export type OnStoreError = (error: unknown, lostCount: number) => void;

/** Returns the number of outcomes that a command contains. */
export function outcomesIn(command: FleetCommand): number {
  return command.kind === "settle" ? command.successes + command.failures : 0;
}
