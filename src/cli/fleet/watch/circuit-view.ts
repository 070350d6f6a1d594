/** What is known of the circuits of a scope, from polls and pushes; it grows older by itself. */

import type { FleetSnapshot } from "../../../fleet/rules/reply.js";
import type { FleetEntry } from "../../../fleet/store.js";
import { later } from "../circuit.js";

interface Known {
  readonly snapshot: FleetSnapshot;
  readonly atMs: number;
}

/** All times are those of one monotonic clock, in milliseconds. */
export class CircuitView {
  #known = new Map<string, Known>();
  readonly #names: ReadonlySet<string>;

  /** @param names The circuits that are looked at; all when there are none. */
  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  /** Takes in the answer to a poll; what was pushed after it began is newer. */
  replace(entries: readonly FleetEntry[], beganMs: number, nowMs: number): void {
    const known = new Map(entries.map(({ name, snapshot }) => [name, { snapshot, atMs: nowMs }]));
    for (const [name, pushed] of this.#known) if (pushed.atMs > beganMs) known.set(name, pushed);
    this.#known = known;
  }

  /** Takes in a push, unless it is older than what is known. */
  push({ name, snapshot }: FleetEntry, nowMs: number): void {
    if (this.#names.size > 0 && !this.#names.has(name)) return;
    const generation = this.#known.get(name)?.snapshot.generation ?? 0;
    if (snapshot.generation >= generation) this.#known.set(name, { snapshot, atMs: nowMs });
  }

  /** How the circuits stand now, as far as is known. */
  entries(nowMs: number): readonly FleetEntry[] {
    return [...this.#known].map(([name, { snapshot, atMs }]) => ({
      name,
      snapshot: later(snapshot, nowMs - atMs),
    }));
  }
}
