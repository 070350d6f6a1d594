/** A store that does as another one does, for those that see or change a part of it. */

import type { FleetStore } from "../../../src/fleet/store.js";

/** The same store as an object whose methods can be replaced one by one. */
export function passingOn(store: FleetStore): FleetStore {
  return {
    kind: store.kind,
    minimumReporters: store.minimumReporters,
    pushes: store.pushes,
    open: () => store.open(),
    run: (key, command) => store.run(key, command),
    list: (scope) => store.list(scope),
    history: (key) => store.history(key),
    subscribe: (scope, listener) => store.subscribe(scope, listener),
    close: () => store.close(),
  };
}
