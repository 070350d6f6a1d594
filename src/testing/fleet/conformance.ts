/** The conformance suite of stores: every rule of shared circuits that can be seen through the port. */

import type { FleetStore } from "../../fleet/store.js";
import { booleanField, checkFunction, type Field, readOptions } from "../../options/check.js";
import { Setting } from "./case.js";
import { closedCases } from "./closed-cases.js";
import { controlCases } from "./control-cases.js";
import { halfOpenCases } from "./half-open-cases.js";
import { openCases } from "./open-cases.js";
import { storeCases } from "./store-cases.js";

/** What the suite is told of a store. */
export interface FleetStoreConformanceOptions {
  /** Makes a store, which the suite closes. It is called once for each case, or twice. */
  readonly open: () => FleetStore | Promise<FleetStore>;
  /**
   * Whether all stores that `open` makes keep the same circuits, as with one server. Default: true.
   * Without it, the cases that need two stores are left out.
   */
  readonly shared?: boolean | undefined;
}

/** One case of the suite, for whatever runs tests. */
export interface FleetStoreConformanceCase {
  /** The rule that it looks at; no two are alike. */
  readonly title: string;
  /** Rejects with an `AssertionError` where the store breaks the rule. */
  run(): Promise<void>;
}

const FIELDS = {
  open: { absent: undefined, read: checkFunction } as Field<
    (() => FleetStore | Promise<FleetStore>) | undefined
  >,
  shared: booleanField(true),
};

/**
 * Gives the cases that a store must pass. Each works in a scope of its own that nobody else uses, so
 * they can run at once, on a server that is in use. They take the time of the store as it is and wait
 * for conditions; the longest, two seconds where all goes well.
 *
 * @example
 * ```ts
 * import { openStore } from "dagger-circuit-breaker/fleet";
 * import { fleetStoreConformance } from "dagger-circuit-breaker/testing";
 *
 * const cases = fleetStoreConformance({ open: () => openStore("memory:"), shared: false });
 * for (const { title, run } of cases) {
 *   await run();
 *   console.log(`ok: ${title}`);
 * }
 * ```
 *
 * @throws TypeError naming the option, its value and what was expected.
 */
export function fleetStoreConformance(
  options: FleetStoreConformanceOptions,
): readonly FleetStoreConformanceCase[] {
  const { open: given, shared } = readOptions("fleetStoreConformance", options, FIELDS);
  const open = checkFunction<() => FleetStore>(given, 'fleetStoreConformance option "open"');
  return [...closedCases, ...openCases, ...halfOpenCases, ...controlCases, ...storeCases]
    .filter(({ twoStores = false }) => shared || !twoStores)
    .map((one) => ({ title: one.title, run: () => Setting.run(one, open) }));
}
