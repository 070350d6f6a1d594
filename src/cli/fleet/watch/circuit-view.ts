/**
 * The last known state of the watched circuits, from polls and pushes. Ages and waits are adjusted
 * to the current time.
 */

import type { FleetSnapshot } from "../../../fleet/rules/reply.js";
import type { FleetEntry } from "../../../fleet/store.js";
import { later } from "../circuit.js";

interface Known {
  readonly snapshot: FleetSnapshot;
  readonly atMs: number;
}

/** All times are on one monotonic clock, in milliseconds. */
export class CircuitView {
  #known = new Map<string, Known>();
  readonly #names: ReadonlySet<string>;

  /** @param names The circuits to watch; all of them if empty. */
  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  /**
   * Applies the reply to a poll. Keeps the state from pushes that arrived after the poll began,
   * because they are newer.
   */
  replace(entries: readonly FleetEntry[], beganMs: number, nowMs: number): void {
    const known = new Map(entries.map(({ name, snapshot }) => [name, { snapshot, atMs: nowMs }]));
    for (const [name, pushed] of this.#known) if (pushed.atMs > beganMs) known.set(name, pushed);
    this.#known = known;
  }

  /** Applies a push, unless it is older than the known state. */
  push({ name, snapshot }: FleetEntry, nowMs: number): void {
    if (this.#names.size > 0 && !this.#names.has(name)) return;
    const generation = this.#known.get(name)?.snapshot.generation ?? 0;
    if (snapshot.generation >= generation) this.#known.set(name, { snapshot, atMs: nowMs });
  }

  /** Returns the current state of the circuits, as far as known. */
  entries(nowMs: number): readonly FleetEntry[] {
    return [...this.#known].map(([name, { snapshot, atMs }]) => ({
      name,
      snapshot: later(snapshot, nowMs - atMs),
    }));
  }
}
