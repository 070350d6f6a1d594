/** The shared circuits of one process by name, kept as long as they are used. */

import type { Clock } from "../../../breaker/clock.js";
import type { FleetEntry } from "../../store.js";
import type { CircuitPolicy } from "../shared-policy.js";
import type { CircuitSurroundings } from "./circuit-surroundings.js";
import { SharedCircuit } from "./shared-circuit.js";

/** The limit on circuits in the table, the same as in a registry of breakers. */
const MAX_CIRCUITS = 10_000;

/**
 * Finds circuits by name. Holds only weak references, so a circuit lives as long as the breakers
 * that share it.
 */
export class CircuitTable {
  readonly #around: CircuitSurroundings;
  readonly #circuits = new Map<string, WeakRef<SharedCircuit>>();
  readonly #gone = new FinalizationRegistry<string>((name) => this.#forget(name));

  constructor(around: CircuitSurroundings) {
    this.#around = around;
  }

  get size(): number {
    return this.#circuits.size;
  }

  /**
   * Returns the circuit of that name, or creates it. From now on, the circuit has the given policy.
   *
   * The table has room for 10,000 circuits. A circuit beyond that asks the store for every call,
   * because pushes are delivered only to circuits in the table.
   */
  get(name: string, policy: CircuitPolicy, clock: Clock): SharedCircuit {
    const known = this.find(name);
    if (known !== undefined) {
      known.policy = policy;
      return known;
    }
    if (this.#circuits.size >= MAX_CIRCUITS) {
      return new SharedCircuit(name, policy, clock, { ...this.#around, cached: false });
    }
    const circuit = new SharedCircuit(name, policy, clock, this.#around);
    this.#circuits.set(name, new WeakRef(circuit));
    this.#gone.register(circuit, name);
    return circuit;
  }

  find(name: string): SharedCircuit | undefined {
    return this.#circuits.get(name)?.deref();
  }

  /** Returns the circuits that are still in use. */
  all(): SharedCircuit[] {
    return [...this.#circuits.values()].flatMap((circuit) => circuit.deref() ?? []);
  }

  /** Returns the circuits in use whose state is known, as the store last sent it, aged until now. */
  known(): FleetEntry[] {
    return this.all().flatMap(({ key: { name }, snapshot }) =>
      snapshot === undefined ? [] : [{ name, snapshot }],
    );
  }

  /** Sends the waiting outcomes and counts of all circuits. */
  flush(): void {
    for (const circuit of this.all()) circuit.flush(true);
  }

  /** Removes a name whose circuit was garbage-collected, unless a new circuit has the name now. */
  #forget(name: string): void {
    if (this.find(name) === undefined) this.#circuits.delete(name);
  }
}
