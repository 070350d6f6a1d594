/** The fleet that the circuits of `run` and `session` are shared with, where a store is named. */

import type { Fleet } from "../fleet/client/fleet.js";
import type { Note } from "../runner/run-report.js";
import {
  countedByFrom,
  type ReporterFlags,
  type StoreFlags,
  storeSettingsFrom,
} from "./store-settings.js";
import type { Terminal } from "./terminal.js";

/** A command may ask but once, before it starts: that is worth the wait for a connection. */
const OPEN_LIMIT_MS = 3000;

/** A fleet that this process has joined. */
export interface JoinedFleet {
  readonly fleet: Fleet;
  /** Leaves it, and tells what its other members have not heard of. */
  leave(): Promise<readonly Note[]>;
}

/**
 * Joins the fleet of the store that the options or the environment name. A store that cannot be
 * reached keeps nothing from running: the circuits of this process carry on alone.
 *
 * @returns Undefined without a store.
 * @throws CommandError for a store or a scope that cannot be one.
 */
export async function joinFleet(
  given: StoreFlags & ReporterFlags,
  env: Terminal["env"],
): Promise<JoinedFleet | undefined> {
  const settings = storeSettingsFrom(given, env);
  if (settings === undefined) return undefined;
  const { url: store, scope, token } = settings;
  const countedBy = countedByFrom(given, env);
  // Loaded here, since a run without a store must start at once.
  const { createFleet } = await import("../fleet/client/fleet.js");
  const fleet = createFleet({ store, scope, token, reporter: { countedBy } });
  let downReason: string | undefined;
  fleet.on("storeDown", ({ reason }) => {
    downReason = reason;
  });
  await fleet.open({ timeoutMs: OPEN_LIMIT_MS });
  return {
    fleet,
    async leave() {
      await fleet.close();
      return notesOf(fleet, downReason);
    },
  };
}

function notesOf(fleet: Fleet, downReason: string | undefined): readonly Note[] {
  const { droppedCount } = fleet.getMetrics();
  const notes: Note[] = [];
  if (downReason !== undefined) {
    const text = `The store of shared circuits could not be asked (${downReason}), so this run carried on alone.`;
    notes.push({ code: "store-down", text });
  }
  if (droppedCount > 0) {
    const text = `Outcomes of this run that others have not heard of: ${droppedCount}.`;
    notes.push({ code: "outcomes-dropped", text });
  }
  return notes;
}
