/** Checks the names of shared circuits. One name in each scope is reserved for counts of runs. */

import { checkText } from "../../options/check.js";
import { RUNS_CIRCUIT } from "../rules/run-report.js";

/**
 * Returns whether an entry of a store is a circuit that can reject calls. The only other entry
 * counts runs.
 */
export function isCircuit({ name }: { readonly name: string }): boolean {
  return name !== RUNS_CIRCUIT;
}

/**
 * Returns the name of a circuit if it is valid and not reserved.
 *
 * @throws TypeError or RangeError for an invalid name. The message contains the value and the
 * expected value.
 */
export function checkCircuitName(value: unknown, label: string): string {
  const name = checkText(value, label, 200);
  if (isCircuit({ name })) return name;
  throw new RangeError(
    `${label} is "${RUNS_CIRCUIT}", a name that is reserved for counts of runs; use another name`,
  );
}
