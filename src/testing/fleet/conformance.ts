/**
 * Defines the conformance suite for stores of shared circuits. It checks all rules that are visible through
 * a store's interface.
 */

import type { FleetStore } from "../../fleet/store.js";
import { booleanField, checkFunction, type Field, readOptions } from "../../options/check.js";
import { CaseStores } from "./case.js";
import { closedCases } from "./closed-cases.js";
import { controlCases } from "./control-cases.js";
import { halfOpenCases } from "./half-open-cases.js";
import { openCases } from "./open-cases.js";
import { reportCases } from "./report-cases.js";
import { storeCases } from "./store-cases.js";

/** The options of the suite. */
export interface FleetStoreConformanceOptions {
  /** Opens a store. The suite calls this once or twice per case, and closes the stores. */
  readonly open: () => FleetStore | Promise<FleetStore>;
  /**
   * Whether all stores that `open` returns have the same circuits, as with one server. When false, cases
   * that need two stores are left out. Default: true.
   */
  readonly shared?: boolean | undefined;
}

/** One case of the suite, for any test runner. */
export interface FleetStoreConformanceCase {
  /** The rule that the case checks. Titles are unique. */
  readonly title: string;
  /** Rejects with an `AssertionError` when the store breaks the rule. */
  run(): Promise<void>;
}

const FIELDS = {
  open: { absent: undefined, read: checkFunction } as Field<
    (() => FleetStore | Promise<FleetStore>) | undefined
  >,
  shared: booleanField(true),
};

/**
 * Returns the cases that a store must pass. Each case uses its own scope, so cases can run in parallel, and
 * on a server that is in use. Cases need real time, and wait for conditions. On a correct store, the
 * longest case takes two seconds.
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
 * @throws TypeError that names the option, its value and the expected value.
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
    .map((one) => ({ title: one.title, run: () => CaseStores.run(one, open) }));
}
