/** A shared circuit in memory on time that only the test moves. */

import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { SharedPolicy } from "../../src/fleet/rules/policy.js";
import type { FleetStore } from "../../src/fleet/store.js";
import { Circuit } from "../../src/testing/fleet/circuit.js";

/** When virtual time begins: a whole second in 2026. */
export const START_MS = 1_780_000_000_000;

/** The clock of a store, which can be set. */
export class StoreTime {
  nowMicros = START_MS * 1000;

  readonly read = (): number => this.nowMicros;

  /** Moves time, forward or back. */
  move(ms: number): void {
    this.nowMicros += ms * 1000;
  }
}

/** A circuit, the store it is in, and the time there. */
export interface VirtualCircuit {
  readonly circuit: Circuit;
  readonly store: FleetStore;
  readonly time: StoreTime;
}

/** Creates an unknown circuit. */
export function virtualCircuit(policy: Partial<SharedPolicy> = {}): VirtualCircuit {
  const time = new StoreTime();
  const store = memoryStore({ nowMicros: time.read });
  return {
    circuit: new Circuit(store, { scope: "egress", name: "registry" }, policy),
    store,
    time,
  };
}
