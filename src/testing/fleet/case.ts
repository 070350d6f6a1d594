/** Defines a case of the conformance suite, with the stores and circuits that the case uses. */

import { randomUUID } from "node:crypto";
import type { SharedPolicy } from "../../fleet/rules/policy.js";
import type { FleetStore } from "../../fleet/store.js";
import { Circuit } from "./circuit.js";

/** A rule for stores, with a check that fails when a store breaks the rule. */
export interface RuleCase {
  readonly title: string;
  /** Whether the check needs two stores with the same circuits, like two processes that use one server. */
  readonly twoStores?: boolean;
  check(setting: CaseStores): Promise<void>;
}

/** The stores of one case. Each case has a scope of its own, so that cases do not disturb each other. */
export class CaseStores {
  readonly scope = `conformance/${randomUUID()}`;
  readonly store: FleetStore;
  readonly #open: () => FleetStore | Promise<FleetStore>;
  readonly #opened: FleetStore[];

  private constructor(store: FleetStore, open: () => FleetStore | Promise<FleetStore>) {
    this.store = store;
    this.#open = open;
    this.#opened = [store];
  }

  /** Runs a case, and closes its stores even if the case fails. */
  static async run(
    { check }: RuleCase,
    open: () => FleetStore | Promise<FleetStore>,
  ): Promise<void> {
    const setting = new CaseStores(await open(), open);
    try {
      await check(setting);
    } finally {
      await Promise.all(setting.#opened.map((store) => store.close()));
    }
  }

  /** Opens another store with the same circuits. */
  async another(): Promise<FleetStore> {
    const store = await this.#open();
    this.#opened.push(store);
    return store;
  }

  /** Returns a circuit. Each call creates a new name, unless a name is given. */
  circuit(policy: Partial<SharedPolicy> = {}, name = `registry:${randomUUID()}`): Circuit {
    return new Circuit(this.store, { scope: this.scope, name }, policy);
  }
}
