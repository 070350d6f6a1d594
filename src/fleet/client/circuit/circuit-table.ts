/**
 * Finds the shared circuits of one process by name. Keeps a circuit only as long as a breaker uses
 * it.
 */

import type { Clock } from "../../../breaker/clock.js";
import type { FleetEntry } from "../../store.js";
import type { CircuitPolicy } from "../shared-policy.js";
import type { CircuitSurroundings } from "./circuit-surroundings.js";
import { SharedCircuit } from "./shared-circuit.js";

/** The maximum number of circuits in the table, the same as in a registry of breakers. */
const MAX_CIRCUITS = 10_000;

/**
 * The shared circuits of one process, by name. The table has only weak references, so a circuit
 * lives as long as the breakers that share it.
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
   * Returns the circuit with this name. Creates it if it does not exist. The circuit has the given
   * policy from now on.
   *
   * The table has room for 10,000 circuits. Any further circuit asks the store for every call,
   * because only circuits in the table receive pushes.
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

  /**
   * Returns the circuits in use whose state is known. Each state is the last one from the store,
   * with its durations adjusted to the present.
   */
  known(): FleetEntry[] {
    return this.all().flatMap(({ key: { name }, snapshot }) =>
      snapshot === undefined ? [] : [{ name, snapshot }],
    );
  }

  /** Sends the waiting outcomes and counts of all circuits. */
  flush(): void {
    for (const circuit of this.all()) circuit.flush(true);
  }

  /**
   * Removes the name of a circuit that was garbage-collected, unless a new circuit already uses the
   * name.
   */
  #forget(name: string): void {
    if (this.find(name) === undefined) this.#circuits.delete(name);
  }
}
