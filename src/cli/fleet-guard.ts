/** Connects `run` and `session` to the store of shared circuits, if `--store` is set. */

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

/** The longest total wait for a store that does not reply, as a multiple of `--store-timeout`. */
const MAX_TIMES = 2;

const KEEP_ALIVE_MS = 60_000;

/** A fleet that this process has joined, and a function to leave it. */
export interface JoinedFleet {
  readonly fleet: Fleet;
  /** Leaves the fleet. Returns notes about the store and about unreported outcomes. */
  leave(): Promise<readonly Note[]>;
}

/**
 * Joins the fleet of the store that the options or the environment name. If the store cannot be
 * reached, the command still runs, with local circuits.
 *
 * @returns Undefined if no store is set.
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
  // Loads this code only if a store is set, so that other runs start faster.
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
  // Keeps this process alive. The fleet's own timers and sockets do not, so the last outcomes could
  // be lost.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  await fleet.open({ timeoutMs });
  return {
    fleet,
    async leave() {
      await fleet.close();
      clearInterval(alive);
      return notesOf(fleet.getMetrics());
    },
  };
}

/**
 * Returns notes about the store. A run asks the store only a few times, so even a single missing
 * reply is worth a note.
 */
function notesOf(metrics: FleetMetrics): readonly Note[] {
  const { droppedCount, lastProblem, commands } = metrics;
  const { sentCount, failedCount, timedOutCount, unsentCount } = commands;
  const missedCount = failedCount + timedOutCount + unsentCount;
  const notes: Note[] = [];
  if (lastProblem !== undefined) {
    const hint = /no answer within|took longer than/.test(lastProblem)
      ? "; --store-timeout allows a longer wait"
      : "";
    const why = `${lastProblem}${hint}`;
    const answeredCount = sentCount - failedCount - timedOutCount;
    const text =
      answeredCount > 0 && missedCount > 0
        ? `The store of shared circuits did not answer ${missedCount} of ${missedCount + answeredCount} requests (${why}); for these, this run used only its own circuits.`
        : `The store of shared circuits did not answer (${why}); this run used only its own circuits.`;
    notes.push({ code: "store-down", text });
  }
  if (droppedCount > 0) {
    const text = `${droppedCount} ${droppedCount === 1 ? "outcome" : "outcomes"} could not be reported to the shared store.`;
    notes.push({ code: "outcomes-dropped", text });
  }
  return notes;
}
