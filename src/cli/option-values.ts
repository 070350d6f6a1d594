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

/** Reads the name of a file; an empty one is most often a variable that was not set. */
export function fileName(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Expected the name of a file.");
}

/** Reads the time that a whole question may take. */
export const timeoutMs = wholeNumber(1, 600_000, "milliseconds");

const HOUR_MS = 3_600_000;

const MS_BY_UNIT = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", HOUR_MS],
]);

/** What Node's timers can hold is a little more. */
const MAX_DURATION_MS = 24 * 24 * HOUR_MS;

/** Reads a duration with its unit, such as `500ms`, `90s`, `10m` or `1h`, as milliseconds. */
export function duration(text: string): number {
  return durationOr("a duration above 0 and", text);
}

/** Reads a duration, or `0` for never. */
export function durationOrNever(text: string): number {
  return /^0(?:ms|s|m|h)?$/.test(text) ? 0 : durationOr("0 for never, or a duration", text);
}

/** Reads a duration. `expected` is what the error begins with. */
function durationOr(expected: string, text: string): number {
  const [, amount, unit] = /^([0-9]{1,10})(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(amount) * (MS_BY_UNIT.get(unit ?? "") ?? Number.NaN);
  if (value > 0 && value <= MAX_DURATION_MS) return value;
  throw new InvalidArgumentError(
    `Expected ${expected} up to 576h, with its unit, such as 500ms, 90s, 10m or 1h.`,
  );
}
