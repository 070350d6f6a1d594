/** Who listens to the changes of which scope. */

import { askUser } from "../breaker/announce.js";
import type { FleetEntry, FleetListener } from "./store.js";

/** Listeners by scope. One that throws is announced once and harms no command. */
export class ScopeListeners {
  readonly #scopes = new Map<string, Set<FleetListener>>();

  /** Adds a listener. Returns how to take it off. */
  add(scope: string, listener: FleetListener): () => void {
    // Given twice, it is heard twice, and taken off one by one.
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
