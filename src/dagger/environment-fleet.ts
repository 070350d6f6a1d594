/**
 * The fleet in the environment, through which a pipeline shares its circuits without a change of
 * code.
 */

import { createFleet, type Fleet } from "../fleet/client/fleet.js";

/** By store and scope: a process has one connection to each, however many sessions it opens. */
const fleets = new Map<string, Fleet>();

/**
 * Returns the fleet of the store in DAGGER_BREAKER_STORE, with the scope in DAGGER_BREAKER_SCOPE,
 * the token in DAGGER_BREAKER_STORE_TOKEN and the unit of DAGGER_BREAKER_COUNT_BY; undefined
 * without the first. It does not keep the process alive.
 *
 * @throws RangeError for an invalid variable; it never shows the URL.
 */
export function environmentFleet(): Fleet | undefined {
  const {
    DAGGER_BREAKER_STORE: store = "",
    DAGGER_BREAKER_SCOPE: scope = "",
    DAGGER_BREAKER_STORE_TOKEN: token = "",
    DAGGER_BREAKER_COUNT_BY: countBy = "",
  } = process.env;
  if (store.trim() === "") return undefined;
  const settings = { store, scope, token, countBy };
  const key = JSON.stringify(settings);
  const known = fleets.get(key);
  if (known !== undefined) return known;
  const fleet = makeFleet(settings);
  fleets.set(key, fleet);
  return fleet;
}

function makeFleet(settings: Readonly<Record<"store" | "scope" | "token" | "countBy", string>>) {
  const given = (text: string) => (text.trim() === "" ? undefined : text.trim());
  try {
    return createFleet({
      store: settings.store.trim(),
      scope: given(settings.scope),
      token: given(settings.token),
      reporter: { countedBy: given(settings.countBy) as "process" | "machine" | undefined },
    });
  } catch (error) {
    const { message } = error as Error;
    throw new RangeError(`the variables DAGGER_BREAKER_... do not describe a fleet: ${message}`);
  }
}
