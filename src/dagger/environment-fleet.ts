/** The fleet that the environment names, so that a pipeline shares its circuits without a line of code. */

import { createFleet, type Fleet } from "../fleet/fleet.js";

/** By store and scope: a process has one connection to each, however many sessions it opens. */
const fleets = new Map<string, Fleet>();

/**
 * The fleet of the store in DAGGER_BREAKER_STORE, with the scope in DAGGER_BREAKER_SCOPE and the token
 * in DAGGER_BREAKER_STORE_TOKEN; undefined when there is no such variable. It does not keep the process
 * alive.
 *
 * @throws RangeError for a store or a scope that cannot be one; it never shows the URL.
 */
export function environmentFleet(): Fleet | undefined {
  const {
    DAGGER_BREAKER_STORE: store = "",
    DAGGER_BREAKER_SCOPE: scope = "",
    DAGGER_BREAKER_STORE_TOKEN: token = "",
  } = process.env;
  if (store.trim() === "") return undefined;
  const key = JSON.stringify([store, scope, token]);
  const known = fleets.get(key);
  if (known !== undefined) return known;
  const fleet = makeFleet(store.trim(), scope.trim(), token.trim());
  fleets.set(key, fleet);
  return fleet;
}

function makeFleet(store: string, scope: string, token: string): Fleet {
  try {
    return createFleet({
      store,
      ...(scope === "" ? {} : { scope }),
      ...(token === "" ? {} : { token }),
    });
  } catch (error) {
    const { message } = error as Error;
    throw new RangeError(`DAGGER_BREAKER_STORE or DAGGER_BREAKER_SCOPE is of no use: ${message}`);
  }
}
