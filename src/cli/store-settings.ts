/** The options for the store of shared circuits. Each option also has an environment variable. */

import { type Command, InvalidArgumentError } from "commander";
import { checkToken } from "../fleet/http/token.js";
import { isKeyWord } from "../fleet/key-word.js";
import { checkStoreUrl } from "../fleet/store-url.js";
import { EXIT } from "./exit-codes.js";
import { durationUpTo } from "./option-values.js";
import { addSettings, oneOf, type Settings, settingsFrom } from "./settings.js";
import { CommandError, type Terminal } from "./terminal.js";

interface SettingValues {
  readonly store: string;
  readonly scope: string;
}

/** Further options of `run` and `session`, which report outcomes to the store. */
export interface ReporterFlags {
  readonly countBy?: "process" | "machine";
  readonly storeTimeout?: number;
}

const REPORTER_SETTINGS: Settings<ReporterFlags> = {
  countBy: {
    flags: "--count-by <choice>",
    variable: "DAGGER_BREAKER_COUNT_BY",
    description: "what counts as one reporter of failures: process or machine (default: process)",
    read: oneOf("process", "machine"),
  },
  storeTimeout: {
    flags: "--store-timeout <duration>",
    variable: "DAGGER_BREAKER_STORE_TIMEOUT",
    description:
      "time limit for connecting to the store and for each answer; after that, this run uses only its own circuits (default: 1s)",
    // A fleet does not accept a longer timeout.
    read: durationUpTo("10s"),
  },
};

/** The options as parsed by commander. */
export type StoreFlags = Partial<SettingValues>;

/** A store, and the scope to use in it. */
export interface StoreSettings {
  /** The store's URL. No message shows it, because it may contain a password. */
  readonly url: string;
  readonly scope: string;
  readonly token: string | undefined;
}

/**
 * Matches the URLs of stores that other processes can reach. `memory:` does not match, because no
 * other process could use such a store.
 */
const STORE_URL = /^(?:(?:rediss?|https?):\/\/|sqlite:)[^\s]/i;

const TOKEN_VARIABLE = "DAGGER_BREAKER_STORE_TOKEN";
const EXPECTED = "redis://HOST:6379, rediss://HOST, https://HOST, http://HOST:PORT or sqlite:PATH";

const SETTINGS: Settings<StoreFlags> = {
  store: {
    flags: "--store <url>",
    variable: "DAGGER_BREAKER_STORE",
    description: "the store of shared circuits: redis://HOST:6379, https://HOST or sqlite:PATH",
    // Checks the URL later, because an error of commander would show the URL with its password.
    read: (text) => text,
  },
  scope: {
    flags: "--scope <scope>",
    variable: "DAGGER_BREAKER_SCOPE",
    description:
      'the rate-limit scope: one name for all runs that share an egress address or account (default: "default")',
    read: readScope,
  },
};

export function addReporterFlags(command: Command): Command {
  return addSettings(command, REPORTER_SETTINGS);
}

/** Returns the value of `--count-by`; undefined if it is not set. */
export function countedByFrom(given: ReporterFlags, env: Terminal["env"]) {
  return settingsFrom(REPORTER_SETTINGS, given, env)("countBy");
}

/**
 * Returns `--store-timeout`. The default of 1 s is longer than the 100 ms of the library. A command
 * takes minutes and asks the store only a few times, so a longer wait costs little.
 */
export function storeTimeoutFrom(given: ReporterFlags, env: Terminal["env"]): number {
  return settingsFrom(REPORTER_SETTINGS, given, env)("storeTimeout") ?? 1000;
}

export function scopeFrom(given: StoreFlags, env: Terminal["env"]): string {
  return settingsFrom(SETTINGS, given, env)("scope") ?? "default";
}

export function addStoreFlags(command: Command): Command {
  return addSettings(command, SETTINGS);
}

/**
 * Returns the store that the options or the environment name; undefined without one. The token
 * comes only from DAGGER_BREAKER_STORE_TOKEN, because other users can read a command line.
 *
 * @throws CommandError that names the option or the variable, and the expected value. It never
 * contains the URL.
 */
export function storeSettingsFrom(
  given: StoreFlags,
  env: Terminal["env"],
): StoreSettings | undefined {
  const setting = settingsFrom(SETTINGS, given, env);
  const url = setting("store")?.trim();
  const scope = scopeFrom(given, env);
  if (url === undefined) return undefined;
  const where = given.store === undefined ? SETTINGS.store.variable : "--store";
  if (!STORE_URL.test(url)) {
    throw new CommandError(`invalid ${where}: ${problemOf(url)}; use ${EXPECTED}`, EXIT.usage);
  }
  checked(`invalid ${where}: `, () => checkStoreUrl(url, TOKEN_VARIABLE));
  const token = env[TOKEN_VARIABLE]?.trim() ?? "";
  if (/^http/i.test(url)) {
    if (token === "") {
      throw new CommandError(
        `${TOKEN_VARIABLE} is missing; set it to the token of dagger-breaker serve`,
        EXIT.usage,
      );
    }
    checked("", () => checkToken(token, TOKEN_VARIABLE));
  }
  return { url, scope, token: token === "" ? undefined : token };
}

/** Returns why a URL cannot be the URL of a store. The text does not contain the URL. */
function problemOf(url: string): string {
  if (/^sqlite:$/i.test(url)) return "the path is missing";
  if (/^(?:rediss?|https?):(?:\/\/)?$/i.test(url)) return "the host is missing";
  const scheme = /^([a-z][a-z0-9+.-]{0,20}):\/\//i.exec(url)?.[1];
  return scheme === undefined ? "it is not the URL of a store" : `unsupported scheme "${scheme}:"`;
}

/** Turns a failed check into an error that shows no value. The message begins with `before`. */
function checked(before: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new CommandError(before + (error as Error).message, EXIT.usage);
  }
}

function readScope(text: string): string {
  if (isKeyWord(text)) return text;
  throw new InvalidArgumentError("expected 1 to 100 of the characters A-Z a-z 0-9 . _ : / @ -");
}
