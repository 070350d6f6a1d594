/** Joins the fleet that shares the circuits of `run` and `session`, if a store is set. */

import type { Fleet } from "../fleet/client/fleet.js";
import type { FleetMetrics } from "../fleet/client/fleet-metrics.js";
import type { Note } from "../runner/report/run-report.js";
import {
  countedByFrom,
  type ReporterFlags,
  type StoreFlags,
  storeSettingsFrom,
  storeTimeoutFrom,
} from "./store-settings.js";
import type { Terminal } from "./terminal.js";

/** A store without replies costs a run at most this many timeouts. */
const MAX_TIMES = 2;

/** A fleet that this process has joined. */
export interface JoinedFleet {
  readonly fleet: Fleet;
  /** Leaves the fleet, and returns notes about unreported outcomes. */
  leave(): Promise<readonly Note[]>;
}

/**
 * Joins the fleet of the store in the options or the environment. If the store cannot be reached,
 * the command still runs, with local circuits.
 *
 * @returns Undefined without a store.
 * @throws CommandError for an invalid store or scope.
 */
export async function joinFleet(
  given: StoreFlags & ReporterFlags,
  env: Terminal["env"],
): Promise<JoinedFleet | undefined> {
  const settings = storeSettingsFrom(given, env);
  if (settings === undefined) return undefined;
  const { url: store, scope, token } = settings;
  const countedBy = countedByFrom(given, env);
  // Loaded only here, because a run without a store must start at once.
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

/**
 * Returns notes. A run asks so rarely that each missing reply is reported, not only a store that is
 * down.
 */
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
        ? `The store of shared circuits did not answer ${missedCount} of ${missedCount + answeredCount} times (${why}); this run decided those alone.`
        : `The store of shared circuits did not answer (${why}); this run decided alone.`;
    notes.push({ code: "store-down", text });
  }
  if (droppedCount > 0) {
    const text = `${droppedCount} ${droppedCount === 1 ? "outcome" : "outcomes"} could not be reported to the shared store.`;
    notes.push({ code: "outcomes-dropped", text });
  }
  return notes;
}
