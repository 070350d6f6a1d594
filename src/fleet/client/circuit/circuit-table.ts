/** The shared circuits of one process by name, as long as somebody uses them. */

import type { Clock } from "../../../breaker/clock.js";
import type { CircuitPolicy } from "../shared-policy.js";
import { type CircuitSurroundings, SharedCircuit } from "./shared-circuit.js";

/** More circuits than this are not known by name, as more breakers are not kept by a registry. */
const MAX_CIRCUITS = 10_000;

/** Finds circuits by name and holds none of them: they go with the breakers that share them. */
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
   * The circuit of that name, made now when there is none; the policy is that of the last caller.
   *
   * There is no room here for more than 10,000. One that is made beyond that asks the store for every
   * call, since nobody could pass on to it what others push.
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

  /** Those that somebody still uses. */
  all(): SharedCircuit[] {
    return [...this.#circuits.values()].flatMap((circuit) => circuit.deref() ?? []);
  }

  /** Sends what waits in all of them. */
  flush(): void {
    for (const circuit of this.all()) circuit.flush();
  }

  /** Another circuit may have taken the name meanwhile. */
  #forget(name: string): void {
    if (this.find(name) === undefined) this.#circuits.delete(name);
  }
}
