/**
 * Creates the fleet that environment variables describe. So a pipeline can share its circuits without a
 * change of code.
 */

import { createFleet, type Fleet } from "../fleet/client/fleet.js";

/**
 * The fleets of this process, by their settings. All sessions with the same settings share one fleet and
 * its connection.
 */
const fleets = new Map<string, Fleet>();

/**
 * Returns the fleet for the store in `DAGGER_BREAKER_STORE`, or undefined if that variable is not set.
 * `DAGGER_BREAKER_SCOPE` is the scope, and `DAGGER_BREAKER_STORE_TOKEN` the token.
 * `DAGGER_BREAKER_COUNT_BY` decides whether a process or a machine counts as one reporter. The fleet does
 * not keep the process alive.
 *
 * @throws RangeError for an invalid variable. Its message never contains the URL.
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
    throw new RangeError(`cannot create a fleet from the variables DAGGER_BREAKER_...: ${message}`);
  }
}
