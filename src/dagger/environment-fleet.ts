/** The fleet that the environment names, so that a pipeline shares its circuits without a line of code. */

import { createFleet, type Fleet } from "../fleet/client/fleet.js";

/** By store and scope: a process has one connection to each, however many sessions it opens. */
const fleets = new Map<string, Fleet>();

/**
 * The fleet of the store in DAGGER_BREAKER_STORE, with the scope in DAGGER_BREAKER_SCOPE and the token
 * in DAGGER_BREAKER_STORE_TOKEN, counted by what DAGGER_BREAKER_COUNT_BY says; undefined without the
 * first. It does not keep the process alive.
 *
 * @throws RangeError for a variable of no use; it never shows the URL.
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
    throw new RangeError(`the fleet of the variables DAGGER_BREAKER_... is of no use: ${message}`);
  }
}
