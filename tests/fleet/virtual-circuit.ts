/** Creates a shared circuit in memory. Only the test moves its time. */

import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { SharedPolicy } from "../../src/fleet/rules/policy.js";
import type { FleetStore } from "../../src/fleet/store.js";
import { Circuit } from "../../src/testing/fleet/circuit.js";

/** The start of virtual time, which is a whole second in 2026. */
export const START_MS = 1_780_000_000_000;

/** The clock of a store. Tests can set it forward and back. */
export class StoreTime {
  nowMicros = START_MS * 1000;

  readonly read = (): number => this.nowMicros;

  /** Moves time, forward or back. */
  move(ms: number): void {
    this.nowMicros += ms * 1000;
  }
}

/** A circuit, the store that has it, and the clock of that store. */
export interface VirtualCircuit {
  readonly circuit: Circuit;
  readonly store: FleetStore;
  readonly time: StoreTime;
}

/** Creates a circuit that the store does not know yet. */
export function virtualCircuit(policy: Partial<SharedPolicy> = {}): VirtualCircuit {
  const time = new StoreTime();
  const store = memoryStore({ nowMicros: time.read });
  return {
    circuit: new Circuit(store, { scope: "egress", name: "registry" }, policy),
    store,
    time,
  };
}
