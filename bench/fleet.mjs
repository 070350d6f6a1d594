/** Fleets and shared breakers, as all suites of the fleet set them up. */

import { setTimeout as wait } from "node:timers/promises";
import { createFleet } from "../dist/fleet/index.js";
import { ours } from "./contenders/contenders.mjs";

/** The one policy that can be shared. */
export const TRIP = { badSeconds: 5, windowMs: 60_000 };

/** No call of a suite may go without the store, as it would after the 100 ms that are the default. */
const PATIENT_MS = 10_000;

const TRIES = 10;
const AGAIN_MS = 1600;

/**
 * Opens a fleet and waits until it is connected. A busy machine may need longer than the second that `open` waits.
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

/** Returns one of our breakers, and the circuit that is shared under its name. */
export function share(fleet, name) {
  return fleet.share(ours({ name, trip: TRIP }));
}
