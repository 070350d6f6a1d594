/** Reads the values of options. Their errors contain what was expected; the option and its value go before it. */

import { InvalidArgumentError, Option } from "commander";

/** Reads a whole number within a range. */
export function wholeNumber(min: number, max: number, of = ""): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `expected a whole number${of && ` of ${of}`} from ${min} to ${max}`,
    );
  };
}

/** Reads the name of a file; an empty one is most often a variable that was not set. */
export function fileName(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("expected the name of a file");
}

const HOUR_MS = 3_600_000;

const MS_BY_UNIT = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", HOUR_MS],
]);

/** Node's timers can hold a little more. */
const MAX_DURATION_MS = 24 * 24 * HOUR_MS;

const DAY_MS = 24 * HOUR_MS;
const MAX_AGE_MS = 100 * 365 * DAY_MS;
/** The longest time limit of one question. */
const MAX_TIMEOUT = "10m";

/** Reads a duration with its unit, such as `500ms`, `90s`, `10m` or `1h`, as milliseconds. */
export function duration(text: string): number {
  return durationOr("a duration above 0 and", text);
}

/** Returns a reader of durations up to one that is written as they are. */
export function durationUpTo(max: string): (text: string) => number {
  const maxMs = duration(max);
  return (text) => {
    const value = duration(text);
    if (value <= maxMs) return value;
    throw new InvalidArgumentError(`expected a duration above 0 and up to ${max}`);
  };
}

/** Reads the time limit of a question to a server. */
export const timeout = durationUpTo(MAX_TIMEOUT);

/** Returns the form of `--timeout` from before durations had units. It works, and no help lists it. */
export function timeoutMsOption(): Option {
  return new Option("--timeout-ms <n>")
    .argParser(wholeNumber(1, duration(MAX_TIMEOUT), "milliseconds"))
    .conflicts("timeout")
    .hideHelp();
}

/** Reads an age: a duration that may also be in days. A number without a unit is in milliseconds. */
export function age(text: string): number {
  const [, amount, unit = "ms"] = /^([0-9]{1,15})(ms|s|m|h|d)?$/.exec(text) ?? [];
  const unitMs = unit === "d" ? DAY_MS : (MS_BY_UNIT.get(unit) ?? Number.NaN);
  const value = Number(amount) * unitMs;
  if (value >= 0 && value <= MAX_AGE_MS) return value;
  throw new InvalidArgumentError("expected a duration, such as 12h or 30d");
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
    `expected ${expected} up to 576h, with its unit, such as 500ms, 90s, 10m or 1h`,
  );
}
