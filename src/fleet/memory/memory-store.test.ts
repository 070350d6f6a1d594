import { describe, test } from "vitest";
import { fleetStoreConformance } from "../../testing/index.js";
import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { memoryStore } from "./memory-store.js";

describe("conformance", () => {
  const cases = fleetStoreConformance({ open: () => memoryStore(), shared: false });
  test.concurrent.each(cases)("$title", ({ run }) => run());
});

describe("conformance of several users of one", () => {
  const store = memoryStore();
  const cases = fleetStoreConformance({ open: () => userOf(store) });
  test.concurrent.each(cases)("$title", ({ run }) => run());
});

/** A store that passes everything on to one that others use as well, and that ends alone. */
function userOf(store: FleetStore): FleetStore {
  let isClosed = false;
  const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new FleetStoreError("this user has left");
    return ask();
  };
  return {
    kind: store.kind,
    minimumReporters: store.minimumReporters,
    pushes: store.pushes,
    open: () => asked(() => store.open()),
    run: (key, command) => asked(() => store.run(key, command)),
    list: (scope) => asked(() => store.list(scope)),
    history: (key) => asked(() => store.history(key)),
    subscribe: (scope, listener) => store.subscribe(scope, listener),
    close: async () => {
      isClosed = true;
    },
  };
}
