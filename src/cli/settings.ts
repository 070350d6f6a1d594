/** Reads settings from command-line options, or from their environment variables. */

import { type Command, InvalidArgumentError } from "commander";
import { EXIT } from "./exit-codes.js";
import { CommandError, type Terminal } from "./terminal.js";
import type { Variable } from "./variables.js";

/** A setting: its option, its environment variable, and how to read their values. */
export interface Setting<T> {
  readonly flags: string;
  readonly variable: Variable;
  readonly description: string;
  /** Reads a value. If an option is given more than once, `before` is the value read so far. */
  read(text: string, before?: T): T;
}

/** One setting for each option in `Flags`, under the name that commander gives the option. */
export type Settings<Flags> = {
  readonly [K in keyof Flags]-?: Setting<NonNullable<Flags[K]>>;
};

export function addSettings<Flags>(command: Command, settings: Settings<Flags>): Command {
  for (const setting of Object.values<Setting<unknown>>(settings)) {
    const { flags, variable, description, read } = setting;
    const described = `${description} (${variable})`;
    if (flags.includes("<")) command.option(flags, described, read as (text: string) => unknown);
    else command.option(flags, described);
  }
  return command;
}

/**
 * Returns a function that reads a setting by its name. The option takes precedence over the
 * variable. An empty variable counts as not set.
 *
 * @throws CommandError that names the variable, its value and the expected value.
 */
export function settingsFrom<Flags>(settings: Settings<Flags>, given: Flags, env: Terminal["env"]) {
  return <K extends keyof Flags>(name: K): Flags[K] | undefined => {
    if (given[name] !== undefined) return given[name];
    const { variable, read }: Setting<NonNullable<Flags[K]>> = settings[name];
    const text = env[variable]?.trim() ?? "";
    return text === "" ? undefined : readVariable(variable, text, read);
  };
}

function readVariable<T>(variable: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    // Hides a value with an "@", because it may be an address with credentials.
    const shown = text.includes("@") ? "" : ` ${JSON.stringify(text.slice(0, 200))}`;
    throw new CommandError(`invalid ${variable}${shown}: ${error.message}`, EXIT.usage);
  }
}

/** Reads a value that means on or off, such as `1` or `false`. */
export function yesOrNo(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("expected yes, no, 1 or 0");
}

/** Returns a function that accepts only one of the given words. */
export function oneOf<const W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const last = words.at(-1);
    throw new InvalidArgumentError(`expected ${words.slice(0, -1).join(", ")} or ${last}`);
  };
}

/** Splits a text at spaces and commas. */
export function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}
