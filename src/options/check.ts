/** Reads option objects: every value is checked by the declaration that holds its default. */

import type { AbortSignal } from "./abort-signal.js";

/** How one option is read: `absent` is its value when it is not given. */
export interface Field<T> {
  readonly absent: T;
  /** Returns the checked value, or throws an error that says what `label` is and what it may be. */
  read(value: unknown, label: string): T;
}

/** What reading options by a table of fields gives. */
export type Resolved<F extends Readonly<Record<string, Field<unknown>>>> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/**
 * Reads `given` by a table of fields.
 *
 * @param owner What the options belong to, for error messages.
 * @param given The options as the caller gave them; undefined stands for none.
 * @throws TypeError when `given` is not an object, has a key that is no field, or a value of the
 * wrong type; RangeError when a value is out of its range.
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

/** Checks that `given` is an object (or undefined) that has no other keys than `known`. */
export function readObject(
  owner: string,
  given: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError(`the options of ${owner} are ${show(given)}, expected an object`);
  }
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      throw new TypeError(`${owner} option "${key}" is not known, expected ${oneOf(known)}`);
    }
  }
  return given as Record<string, unknown>;
}

/** Checks that `value` is an object, whatever its keys. */
export function readRecord(value: unknown, label: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(`${label} is ${show(value)}, expected an object`);
}

/** The range of a number. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is too small. Default: false. */
  readonly above?: boolean;
  /** Whether only whole numbers are allowed. Default: false. */
  readonly whole?: boolean;
  /** What the number counts, for error messages, such as `"milliseconds"`. */
  readonly of?: string;
}

/** The longest delay that Node's timers can hold: about 24.8 days. */
export const MAX_DELAY_MS = 2_147_483_647;

/** A number of milliseconds, 0 or more unless told otherwise. */
export const MILLISECONDS: NumberRange = { min: 0, max: MAX_DELAY_MS, of: "milliseconds" };

/** A number of milliseconds that must not be 0. */
export const SOME_MILLISECONDS: NumberRange = { ...MILLISECONDS, above: true };

/** A whole number of calls, one at least. */
export const SOME_CALLS: NumberRange = { min: 1, max: 1_000_000, whole: true };

/** A share of a whole, as from 0 to 1. */
export const SHARE: NumberRange = { min: 0, max: 1 };

/** Checks one number. Throws a TypeError for what is no number, a RangeError for what is too much. */
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

/** A field that holds a number within `range`. */
export function numberField<const T extends number | undefined>(
  absent: T,
  range: NumberRange,
): Field<number | T> {
  return { absent, read: (value, label) => checkNumber(value, label, range) };
}

/** A field that holds a function. */
export function functionField<F extends (...parameters: never[]) => unknown>(): Field<
  F | undefined
> {
  return { absent: undefined, read: (value, label) => checkFunction<F>(value, label) };
}

/** Checks one function. */
export function checkFunction<F extends (...parameters: never[]) => unknown>(
  value: unknown,
  label: string,
): F {
  if (typeof value === "function") return value as F;
  throw new TypeError(`${label} is ${show(value)}, expected a function`);
}

/** A field that is on or off. */
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

/** A field that is one of a list of words. */
export function wordField<const W extends string>(absent: W, words: readonly W[]): Field<W> {
  return {
    absent,
    read(value, label) {
      if (words.includes(value as W)) return value as W;
      const message = `${label} is ${show(value)}, expected ${oneOf(words)}`;
      throw typeof value === "string" ? new RangeError(message) : new TypeError(message);
    },
  };
}

/** A field that holds an object with the methods given. */
export function objectField<T extends object, A extends T | undefined = T>(
  absent: A,
  methods: readonly (keyof T & string)[],
): Field<T | A> {
  return {
    absent,
    read(value, label) {
      const has = (name: string) => typeof (value as Record<string, unknown>)[name] === "function";
      if (typeof value === "object" && value !== null && methods.every(has)) return value as T;
      throw new TypeError(`${label} is ${show(value)}, expected an object with ${oneOf(methods)}`);
    },
  };
}

/** Checks a text that is not empty and not longer than `maxLength`. */
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

/** A field that holds an `AbortSignal`. */
export const signalField: Field<AbortSignal | undefined> = {
  absent: undefined,
  read(value, label) {
    // Some libraries bring signals of their own without what the platform's have had for years.
    if (typeof (value as AbortSignal | null)?.throwIfAborted === "function") {
      return value as AbortSignal;
    }
    throw new TypeError(`${label} is ${show(value)}, expected an AbortSignal`);
  },
};

/** Shows a value in an error message, cut short: a wrong value may be long or hold what is private. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}...` : JSON.stringify(value);
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return String(value);
}

function oneOf(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(", ");
}
