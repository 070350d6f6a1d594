/** The fleet that the circuits of `run` and `session` are shared with, where a store is named. */

import type { Fleet, FleetMetrics } from "../fleet/client/fleet.js";
import type { Note } from "../runner/report/run-report.js";
import {
  countedByFrom,
  type ReporterFlags,
  type StoreFlags,
  storeSettingsFrom,
  storeTimeoutFrom,
} from "./store-settings.js";
import type { Terminal } from "./terminal.js";

/** A store that does not answer costs a run so many times its time at most. */
const MAX_TIMES = 2;

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
  const timeoutMs = storeTimeoutFrom(given, env);
  const fleet = createFleet({
    store,
    scope,
    token,
    timeoutMs,
    giveUpAfterMs: MAX_TIMES * timeoutMs,
    reporter: { countedBy },
  });
  await fleet.open({ timeoutMs });
  return {
    fleet,
    async leave() {
      await fleet.close();
      return notesOf(fleet.getMetrics());
    },
  };
}

/** A run asks so rarely that each answer it did not get is told, not only that the store was given up. */
function notesOf(metrics: FleetMetrics): readonly Note[] {
  const { droppedCount, lastProblem, commands } = metrics;
  const { sentCount, failedCount, timedOutCount, unsentCount } = commands;
  const missedCount = failedCount + timedOutCount + unsentCount;
  const notes: Note[] = [];
  if (lastProblem !== undefined) {
    const hint = /no answer within|took longer than/.test(lastProblem)
      ? "; --store-timeout gives it more time"
      : "";
    const why = `${lastProblem}${hint}`;
    const answeredCount = sentCount - failedCount - timedOutCount;
    const text =
      answeredCount > 0 && missedCount > 0
        ? `The store of shared circuits could not be asked ${missedCount} of ${missedCount + answeredCount} times (${why}), so this run decided those alone.`
        : `The store of shared circuits could not be asked (${why}), so this run carried on alone.`;
    notes.push({ code: "store-down", text });
  }
  if (droppedCount > 0) {
    const text = `Outcomes of this run that others have not heard of: ${droppedCount}.`;
    notes.push({ code: "outcomes-dropped", text });
  }
  return notes;
}
