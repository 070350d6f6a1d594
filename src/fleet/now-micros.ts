/** The clock of stores that count time themselves. */

import { checkFunction, type Field } from "../options/check.js";

/** Reads the option `nowMicros` of a store. `absent` is the clock of a store without the option. */
export function nowMicrosField(absent: () => number): Field<() => number> {
  return { absent, read: (value, label) => checkFunction<() => number>(value, label) };
}
