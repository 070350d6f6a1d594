/** Reads the values of options; commander puts the option and the value before what these say. */

import { InvalidArgumentError } from "commander";

/** Reads a whole number within a range. */
export function wholeNumber(min: number, max: number, of = ""): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `Expected a whole number${of && ` of ${of}`} from ${min} to ${max}.`,
    );
  };
}

/** Reads the time that a whole question may take. */
export const timeoutMs = wholeNumber(1, 600_000, "milliseconds");
