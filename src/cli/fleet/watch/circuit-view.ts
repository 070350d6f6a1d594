/**
 * Keeps the last known state of the watched circuits, from polls and from pushes of the store.
 * Returns ages and waits as of the current time.
 */

import type { FleetSnapshot } from "../../../fleet/rules/reply.js";
import type { FleetEntry } from "../../../fleet/store.js";
import { later } from "../circuit.js";

interface Known {
  readonly snapshot: FleetSnapshot;
  readonly atMs: number;
}

/** The last known state of circuits. All times are on one monotonic clock, in milliseconds. */
export class CircuitView {
  #known = new Map<string, Known>();
  readonly #names: ReadonlySet<string>;

  /** @param names The circuits to watch. If the list is empty, all circuits are watched. */
  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  /**
   * Stores the reply to a poll. If a push arrived after the poll began, the state from the push
   * stays, because it is newer.
   */
  replace(entries: readonly FleetEntry[], beganMs: number, nowMs: number): void {
    const known = new Map(entries.map(({ name, snapshot }) => [name, { snapshot, atMs: nowMs }]));
    for (const [name, pushed] of this.#known) if (pushed.atMs > beganMs) known.set(name, pushed);
    this.#known = known;
  }

  /** Stores a push, unless the push is older than the known state. */
  push({ name, snapshot }: FleetEntry, nowMs: number): void {
    if (this.#names.size > 0 && !this.#names.has(name)) return;
    const generation = this.#known.get(name)?.snapshot.generation ?? 0;
    if (snapshot.generation >= generation) this.#known.set(name, { snapshot, atMs: nowMs });
  }

  /** Returns the known circuits, with their state at `nowMs`. */
  entries(nowMs: number): readonly FleetEntry[] {
    return [...this.#known].map(([name, { snapshot, atMs }]) => ({
      name,
      snapshot: later(snapshot, nowMs - atMs),
    }));
  }
}
