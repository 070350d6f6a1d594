/**
 * Reads and checks option objects. Each option is declared once, with its check and its default.
 */

import type { AbortSignal } from "./abort-signal.js";
import { closeWords } from "./close-words.js";
import { withoutCredentials } from "./credentials.js";

/**
 * The declaration of one option. `absent` is the value of the option when the caller does not set
 * it.
 */
export interface Field<T> {
  readonly absent: T;
  /** Returns the checked value, or throws an error that names `label` and the expected value. */
  read(value: unknown, label: string): T;
}

/** The checked options: one property for each field of the table `F`. */
export type Resolved<F extends Readonly<Record<string, Field<unknown>>>> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/**
 * Checks the options in `given` against `fields`, and fills in the defaults.
 *
 * @param owner The function or class that takes the options, for error messages.
 * @param given The caller's options. Undefined means no options.
 * @throws TypeError when `given` is not an object, has an unknown key or has a value of the wrong
 * type. RangeError when a value is out of range.
 */
export function readOptions<const F extends Readonly<Record<string, Field<unknown>>>>(
  owner: string,
  given: unknown,
  fields: F,
): Resolved<F> {
  const source = readObject(owner, given, Object.keys(fields));
  const resolved: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = source[name];
    resolved[name] =
      value === undefined ? field.absent : field.read(value, `${owner} option "${name}"`);
  }
  return resolved as Resolved<F>;
}

/**
 * Returns `given` if it is an object with known keys only. Returns an empty object for undefined.
 * Throws a TypeError otherwise.
 */
export function readObject(
  owner: string,
  given: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const what = / option "/.test(owner) ? `${owner} is` : `the options of ${owner} are`;
    throw new TypeError(`${what} ${show(given)}, expected an object`);
  }
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      const close = closeWords(key, known);
      const hint = close.length > 0 ? `did you mean ${oneOf(close)}?` : `expected ${oneOf(known)}`;
      throw new TypeError(`${owner} option ${show(key)} is not known, ${hint}`);
    }
  }
  return given as Record<string, unknown>;
}

/** Returns `value` if it is an object. Allows any keys, and throws a TypeError for other values. */
export function readRecord(value: unknown, label: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(`${label} is ${show(value)}, expected an object`);
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Whether the range excludes `min` itself. Default: false. */
  readonly above?: boolean;
  /** Whether the range contains whole numbers only. Default: false. */
  readonly whole?: boolean;
  /** The unit of the number in error messages, such as `"milliseconds"`. */
  readonly of?: string;
}

/** The longest delay that the timers of Node.js support, in milliseconds: about 24.8 days. */
export const MAX_DELAY_MS = 2_147_483_647;

/** A duration in milliseconds that may be 0. */
export const MILLISECONDS: NumberRange = { min: 0, max: MAX_DELAY_MS, of: "milliseconds" };

/** A duration in milliseconds, more than 0. */
export const SOME_MILLISECONDS: NumberRange = { ...MILLISECONDS, above: true };

export const SOME_CALLS: NumberRange = { min: 1, max: 1_000_000, whole: true };

export const SHARE: NumberRange = { min: 0, max: 1 };

/**
 * Returns `value` if it is a number within `range`. Throws a TypeError for another type, and a
 * RangeError for a number outside the range.
 */
export function checkNumber(value: unknown, label: string, range: NumberRange): number {
  const { min, max, above = false, whole = false, of = "" } = range;
  const fits =
    typeof value === "number" &&
    value >= min &&
    value <= max &&
    !(above && value === min) &&
    !(whole && !Number.isInteger(value));
  if (fits) return value;
  const kind = `a ${whole ? "whole " : ""}number${of && ` of ${of}`}`;
  const bounds = above ? `above ${min} and up to ${max}` : `from ${min} to ${max}`;
  const message = `${label} is ${show(value)}, expected ${kind} ${bounds}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

export function numberField<const T extends number | undefined>(
  absent: T,
  range: NumberRange,
): Field<number | T> {
  return { absent, read: (value, label) => checkNumber(value, label, range) };
}

export function functionField<F extends (...parameters: never[]) => unknown>(): Field<
  F | undefined
> {
  return { absent: undefined, read: (value, label) => checkFunction<F>(value, label) };
}

export function checkFunction<F extends (...parameters: never[]) => unknown>(
  value: unknown,
  label: string,
): F {
  if (typeof value === "function") return value as F;
  throw new TypeError(`${label} is ${show(value)}, expected a function`);
}

export function booleanField(absent: boolean): Field<boolean>;
export function booleanField(absent: undefined): Field<boolean | undefined>;
export function booleanField(absent: boolean | undefined): Field<boolean | undefined> {
  return {
    absent,
    read(value, label) {
      if (typeof value === "boolean") return value;
      throw new TypeError(`${label} is ${show(value)}, expected true or false`);
    },
  };
}

export function wordField<const W extends string>(absent: W, words: readonly W[]): Field<W> {
  return { absent, read: (value, label) => checkWord(value, label, words) };
}

/** Checks that `value` is one of some words. */
export function checkWord<W extends string>(value: unknown, label: string, words: readonly W[]): W {
  if (words.includes(value as W)) return value as W;
  const message = `${label} is ${show(value)}, expected ${oneOf(words)}`;
  throw typeof value === "string" ? new RangeError(message) : new TypeError(message);
}

/** Declares an option whose value is an object with the given methods. */
export function objectField<T extends object, A extends T | undefined = T>(
  absent: A,
  methods: readonly (keyof T & string)[],
): Field<T | A> {
  return {
    absent,
    read(value, label) {
      const has = (name: string) => typeof (value as Record<string, unknown>)[name] === "function";
      if (typeof value === "object" && value !== null && methods.every(has)) return value as T;
      throw new TypeError(
        `${label} is ${show(value)}, expected an object with ${listed(methods, "and")}`,
      );
    },
  };
}

/** Returns `value` if it is a text of 1 to `maxLength` characters. Throws otherwise. */
export function checkText(value: unknown, label: string, maxLength: number): string {
  if (typeof value !== "string") {
    throw new TypeError(`${label} is ${show(value)}, expected a text`);
  }
  if (value.length === 0 || value.length > maxLength) {
    throw new RangeError(
      `${label} is ${show(value)}, expected a text of 1 to ${maxLength} characters`,
    );
  }
  return value;
}

export const signalField: Field<AbortSignal | undefined> = {
  absent: undefined,
  read(value, label) {
    // Abort signals of some libraries lack `throwIfAborted`, which this package calls.
    if (typeof (value as AbortSignal | null)?.throwIfAborted === "function") {
      return value as AbortSignal;
    }
    throw new TypeError(`${label} is ${show(value)}, expected an AbortSignal`);
  },
};

/**
 * Renders a value for an error message. A wrong value may be private or long, so this function
 * masks credentials and cuts text after 40 characters.
 */
export function show(value: unknown): string {
  if (typeof value === "string") {
    const text = withoutCredentials(value);
    return text.length > 40 ? `${JSON.stringify(text.slice(0, 40))}...` : JSON.stringify(text);
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return String(value);
}

function oneOf(words: readonly string[]): string {
  return listed(words, "or");
}

/** Joins quoted words, such as `"a", "b" or "c"`. */
function listed(words: readonly string[], before: "and" | "or"): string {
  const quoted = words.map((word) => `"${word}"`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} ${before} ${last}`;
}
