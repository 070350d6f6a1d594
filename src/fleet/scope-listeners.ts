/** The listeners to changes, by scope. */

import { askUser } from "../breaker/announce.js";
import type { FleetEntry, FleetListener } from "./store.js";

/** Listeners by scope. A listener that throws causes one warning and affects no command. */
export class ScopeListeners {
  readonly #scopes = new Map<string, Set<FleetListener>>();

  /** Adds a listener. Returns a function that removes it. */
  add(scope: string, listener: FleetListener): () => void {
    // A new function each time, so that a listener that was added twice is called twice and can be
    // removed once.
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
