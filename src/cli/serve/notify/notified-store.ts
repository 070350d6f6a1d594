/** Reports the changes of circuits that a server causes. Finds them in the replies of the store. */

import type { FleetChange } from "../../../fleet/rules/reply.js";
import type { FleetKey, FleetStore } from "../../../fleet/store.js";

/**
 * Returns a store that also calls `onChange` for each change that its commands cause. A change is
 * in the reply to a single command. So several servers of one store report each change only once.
 */
export function notifiedStore(
  store: FleetStore,
  onChange: (key: FleetKey, change: FleetChange) => void,
): FleetStore {
  const { kind, minimumReporters, pushes, pages, scopes } = store;
  return {
    kind,
    minimumReporters,
    pushes,
    open: () => store.open(),
    async run(key, command) {
      const reply = await store.run(key, command);
      for (const change of reply.changes) onChange(key, change);
      return reply;
    },
    list: (...given) => store.list(...given),
    ...(pages && { pages: (...given) => pages.apply(store, given) }),
    ...(scopes && { scopes: () => scopes.call(store) }),
    history: (key) => store.history(key),
    subscribe: (...given) => store.subscribe(...given),
    close: () => store.close(),
  };
}
