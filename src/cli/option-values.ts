/**
 * Reads the values of options. An error contains only the expected value; `help.ts` adds the name
 * and the given value of the option.
 */

import { InvalidArgumentError, Option } from "commander";

/** Returns a function that reads a whole number within a range. */
export function wholeNumber(min: number, max: number, of = ""): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `expected a whole number${of && ` of ${of}`} from ${min} to ${max}`,
    );
  };
}

/**
 * Reads the name of a file. Rejects an empty name, which usually comes from a shell variable that
 * was not set.
 */
export function fileName(text: string): string {
  if (text !== "" && text !== "--") return text;
  throw new InvalidArgumentError("expected the name of a file");
}

const HOUR_MS = 3_600_000;

const MS_BY_UNIT = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", HOUR_MS],
]);

/** The longest duration: 24 days. The limit of Node's timers is only a little higher. */
const MAX_DURATION_MS = 24 * 24 * HOUR_MS;

const DAY_MS = 24 * HOUR_MS;
const MAX_AGE_MS = 100 * 365 * DAY_MS;
/** The maximum of `--timeout` for a request to a server. */
const MAX_TIMEOUT = "10m";

/** Reads a duration with a unit, such as `500ms`, `90s`, `10m` or `1h`. Returns milliseconds. */
export function duration(text: string): number {
  return durationOr("a duration above 0 and", text);
}

/** Returns a function that reads durations up to `max`, for example `"10m"`. */
export function durationUpTo(max: string): (text: string) => number {
  const maxMs = duration(max);
  return (text) => {
    const value = duration(text);
    if (value <= maxMs) return value;
    throw new InvalidArgumentError(`expected a duration above 0 and up to ${max}`);
  };
}

/** Reads the value of `--timeout`, the time limit of a request to a server. */
export const timeout = durationUpTo(MAX_TIMEOUT);

/** Returns the old option `--timeout-ms`. It still works, but the help does not show it. */
export function timeoutMsOption(): Option {
  return new Option("--timeout-ms <n>")
    .argParser(wholeNumber(1, duration(MAX_TIMEOUT), "milliseconds"))
    .conflicts("timeout")
    .hideHelp();
}

/**
 * Reads an age, which is a duration that may also be in days. Without a unit, the number means
 * milliseconds.
 */
export function age(text: string): number {
  const [, amount, unit = "ms"] = /^([0-9]{1,15})(ms|s|m|h|d)?$/.exec(text) ?? [];
  const unitMs = unit === "d" ? DAY_MS : (MS_BY_UNIT.get(unit) ?? Number.NaN);
  const value = Number(amount) * unitMs;
  if (value >= 0 && value <= MAX_AGE_MS) return value;
  throw new InvalidArgumentError("expected a duration, such as 12h or 30d");
}

/** Reads a duration, or `0`, which means never. */
export function durationOrNever(text: string): number {
  return /^0(?:ms|s|m|h)?$/.test(text) ? 0 : durationOr("0 for never, or a duration", text);
}

/** Reads a duration. `expected` is the first part of the error message. */
function durationOr(expected: string, text: string): number {
  const [, amount, unit] = /^([0-9]{1,10})(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(amount) * (MS_BY_UNIT.get(unit ?? "") ?? Number.NaN);
  if (value > 0 && value <= MAX_DURATION_MS) return value;
  throw new InvalidArgumentError(
    `expected ${expected} up to 576h, with its unit, such as 500ms, 90s, 10m or 1h`,
  );
}
