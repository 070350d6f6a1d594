/** The names of shared circuits. One of each scope is reserved. */

import { checkText } from "../../options/check.js";
import { RUNS_CIRCUIT } from "../rules/run-report.js";

/** Returns whether a store's entry is a circuit that rejects calls, and no counter of runs. */
export function isCircuit({ name }: { readonly name: string }): boolean {
  return name !== RUNS_CIRCUIT;
}

/**
 * Checks the name of a circuit.
 *
 * @throws TypeError or RangeError that names the value and the expected one.
 */
export function checkCircuitName(value: unknown, label: string): string {
  const name = checkText(value, label, 200);
  if (isCircuit({ name })) return name;
  throw new RangeError(
    `${label} is "${RUNS_CIRCUIT}", which is reserved for counts of runs, expected another name`,
  );
}
