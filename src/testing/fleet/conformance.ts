/**
 * The conformance suite of stores: every rule of shared circuits that is visible through the port.
 */

import type { FleetStore } from "../../fleet/store.js";
import { booleanField, checkFunction, type Field, readOptions } from "../../options/check.js";
import { Setting } from "./case.js";
import { closedCases } from "./closed-cases.js";
import { controlCases } from "./control-cases.js";
import { halfOpenCases } from "./half-open-cases.js";
import { openCases } from "./open-cases.js";
import { reportCases } from "./report-cases.js";
import { storeCases } from "./store-cases.js";

/** The options of the suite. */
export interface FleetStoreConformanceOptions {
  /** Opens a store, which the suite closes. It is called once or twice for each case. */
  readonly open: () => FleetStore | Promise<FleetStore>;
  /**
   * Whether all stores from `open` have the same circuits, as with one server. Default: true. If
   * false, the cases with two stores are left out.
   */
  readonly shared?: boolean | undefined;
}

/** One case of the suite, for any test runner. */
export interface FleetStoreConformanceCase {
  /** The rule that it checks; titles are unique. */
  readonly title: string;
  /** Rejects with an `AssertionError` if the store breaks the rule. */
  run(): Promise<void>;
}

const FIELDS = {
  open: { absent: undefined, read: checkFunction } as Field<
    (() => FleetStore | Promise<FleetStore>) | undefined
  >,
  shared: booleanField(true),
};

/**
 * Returns the cases that a store must pass. Each works in a unique scope, so that they can run in
 * parallel, on a server in use. They run in the real time of the store and wait for conditions; the
 * longest takes two seconds if all goes well.
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
  return [
    ...closedCases,
    ...openCases,
    ...halfOpenCases,
    ...controlCases,
    ...reportCases,
    ...storeCases,
  ]
    .filter(({ twoStores = false }) => shared || !twoStores)
    .map((one) => ({ title: one.title, run: () => Setting.run(one, open) }));
}
