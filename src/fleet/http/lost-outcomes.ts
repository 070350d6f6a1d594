/** Reports errors of a server's store, with the outcomes that were lost. Its declarations need no types of Node. */

import type { FleetCommand } from "../rules/command.js";

/** Called with an error of the store, and the number of outcomes that were lost with it. */
export type OnStoreError = (error: unknown, lostCount: number) => void;

/** Returns the number of outcomes that a command reports. */
export function outcomesIn(command: FleetCommand): number {
  return command.kind === "settle" ? command.successes + command.failures : 0;
}
