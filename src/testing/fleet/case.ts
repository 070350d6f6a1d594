/** The cases of the conformance suite, with the stores and circuits that they use. */

import { randomUUID } from "node:crypto";
import type { SharedPolicy } from "../../fleet/rules/policy.js";
import type { FleetStore } from "../../fleet/store.js";
import { Circuit } from "./circuit.js";

/** A rule, and a check that a store keeps it. */
export interface RuleCase {
  readonly title: string;
  /** Whether it needs two stores with the same circuits. */
  readonly twoStores?: boolean;
  check(setting: Setting): Promise<void>;
}

/** The stores of one case, in a scope of its own. */
export class Setting {
  readonly scope = `conformance/${randomUUID()}`;
  readonly store: FleetStore;
  readonly #open: () => FleetStore | Promise<FleetStore>;
  readonly #opened: FleetStore[];

  private constructor(store: FleetStore, open: () => FleetStore | Promise<FleetStore>) {
    this.store = store;
    this.#open = open;
    this.#opened = [store];
  }

  /** Runs a case and always closes its stores. */
  static async run(
    { check }: RuleCase,
    open: () => FleetStore | Promise<FleetStore>,
  ): Promise<void> {
    const setting = new Setting(await open(), open);
    try {
      await check(setting);
    } finally {
      await Promise.all(setting.#opened.map((store) => store.close()));
    }
  }

  /** Opens one more store with the same circuits. */
  async another(): Promise<FleetStore> {
    const store = await this.#open();
    this.#opened.push(store);
    return store;
  }

  /** Returns a circuit that no store knows yet, unless its name is given. */
  circuit(policy: Partial<SharedPolicy> = {}, name = `registry:${randomUUID()}`): Circuit {
    return new Circuit(this.store, { scope: this.scope, name }, policy);
  }
}
