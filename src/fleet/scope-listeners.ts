/** Keeps the listeners to changes of circuits, by scope. */

import { askUser } from "../breaker/announce.js";
import type { FleetEntry, FleetListener } from "./store.js";

/**
 * The listeners of each scope. A listener that throws causes one process warning and affects no
 * command.
 */
export class ScopeListeners {
  readonly #scopes = new Map<string, Set<FleetListener>>();

  /** Adds a listener. Returns a function that removes it again. */
  add(scope: string, listener: FleetListener): () => void {
    // Wraps the listener in a new function, because a set would keep the same function only once.
    // So the same listener can be added twice, and one of the two can be removed.
    const own: FleetListener = (entry) => listener(entry);
    const listeners = this.#scopes.get(scope) ?? new Set();
    this.#scopes.set(scope, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#scopes.get(scope) === listeners) this.#scopes.delete(scope);
    };
  }

  tell(scope: string, entry: FleetEntry): void {
    for (const listener of this.#scopes.get(scope) ?? []) {
      askUser(this, "a store of shared circuits", "a listener", () => listener(entry), IGNORE);
    }
  }

  has(scope: string): boolean {
    return this.#scopes.has(scope);
  }

  clear(): void {
    this.#scopes.clear();
  }
}

const IGNORE = (): void => undefined;
