/** Creates fleets and shared breakers, in the same way for all fleet suites. */

import { setTimeout as wait } from "node:timers/promises";
import { createFleet } from "../dist/fleet/index.js";
import { ours } from "./contenders/contenders.mjs";

/** The trip policy of all breakers here. No other policy can be shared. */
export const TRIP = { badSeconds: 5, windowMs: 60_000 };

/**
 * A long timeout for the store. With the default of 100 ms, a slow call would run without the store and not
 * be measured.
 */
const PATIENT_MS = 10_000;

const TRIES = 10;
const AGAIN_MS = 1600;

/**
 * Opens a fleet and waits until it is connected. Tries again, because a busy machine may need longer than
 * the second for which `open` waits.
 *
 * @param {import("../dist/fleet/index.js").FleetOptions} options
 */
export async function openFleet(options) {
  const fleet = createFleet({ timeoutMs: PATIENT_MS, ...options });
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await fleet.open()) return fleet;
    await wait(AGAIN_MS);
  }
  throw new Error("the store cannot be reached");
}

/** Creates one of our breakers, and returns the circuit that is shared under its name. */
export function share(fleet, name) {
  return fleet.share(ours({ name, trip: TRIP }));
}
