/** Declares the state and the counts of a fleet in this process, as plain data. */

import type { FleetMode } from "./fleet-options.js";
import type { LinkCounts } from "./link/link-counts.js";

/** The state and the counts of a fleet at one moment. */
export interface FleetMetrics {
  readonly scope: string;
  readonly mode: FleetMode;
  /** The kind of the store, such as `"redis"`. */
  readonly store: string;
  /**
   * Whether this process uses the store. False while the store is down, and after the fleet is
   * closed.
   */
  readonly storeUp: boolean;
  /** Number of shared circuits in this process. */
  readonly sharedCount: number;
  readonly commands: LinkCounts;
  /**
   * Outcomes that were lost. They were not sent because the store was down, or were sent but not
   * answered.
   */
  readonly droppedCount: number;
  /**
   * The reason for the last failure of a command or of the connection, without secrets. Undefined
   * before the first failure.
   */
  readonly lastProblem: string | undefined;
}
