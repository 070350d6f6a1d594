/** How a fleet stands in this process, as plain data. */

import type { FleetMode } from "./fleet-options.js";
import type { LinkCounts } from "./link/link-counts.js";

/** A fleet at one moment. */
export interface FleetMetrics {
  readonly scope: string;
  readonly mode: FleetMode;
  /** The kind of the store. */
  readonly store: string;
  /** Whether the store is asked. */
  readonly storeUp: boolean;
  /** Circuits that are shared. */
  readonly sharedCount: number;
  readonly commands: LinkCounts;
  /** Outcomes that were lost: not sent because the store was down, or sent without an answer. */
  readonly droppedCount: number;
  /** Why the last command failed that did, without secrets; undefined as long as all went well. */
  readonly lastProblem: string | undefined;
}
