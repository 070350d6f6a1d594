/** Opens the store for a command, and turns errors of the store into messages for the user. */

import { existsSync } from "node:fs";
import type { Command } from "commander";
import { isCircuit } from "../../fleet/client/circuit-name.js";
import { openPatientStore } from "../../fleet/open-store.js";
import type { FleetEntry, FleetStore, OnUnreadable } from "../../fleet/store.js";
import {
  isFleetStoreError,
  StoreBusyError,
  UnreadableCircuitError,
} from "../../fleet/store-error.js";
import { askWhileBusy } from "../../fleet/while-busy.js";
import { isTimeoutError, type TimeoutOptions, withTimeout } from "../../policies/timeout.js";
import { EXIT } from "../exit-codes.js";
import { duration } from "../option-values.js";
import { plainText } from "../plain-text.js";
import {
  addStoreFlags,
  type StoreFlags,
  type StoreSettings,
  storeSettingsFrom,
} from "../store-settings.js";
import { CommandError, type Terminal } from "../terminal.js";
import { durationText } from "../time-words.js";

/** The options of all commands on shared circuits, as parsed by commander. */
export interface FleetFlags extends StoreFlags {
  readonly storeTimeout: number;
  readonly json?: true;
}

/**
 * An open store, the scope of the command, and a function that asks the store within a time limit.
 */
export interface OpenScope {
  readonly store: FleetStore;
  readonly scope: string;
  /**
   * Asks the store. Gives up after `--store-timeout`, or when the signal is aborted.
   *
   * @throws CommandError when the store does not reply, or replies with an error.
   */
  ask<T>(question: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

const DEFAULT_TIMEOUT_MS = 5000;
/**
 * The share of the timeout in which a busy store is asked again. The rest is left for the last
 * reply.
 */
const BUSY_SHARE = 0.9;

/** The time limit for closing the connection to the store. */
const CLOSE_TIMEOUT_MS = 1000;

/** Adds the options for the store, and its time limit. */
export function addFleetOptions(command: Command): Command {
  return addStoreFlags(command).option(
    "--store-timeout <duration>",
    "time limit for each answer of the store (default: 5s)",
    duration,
  );
}

/**
 * Opens a store, uses it, and closes it.
 *
 * @param mayBeNew Whether the file of a SQLite store may be missing. If true, a missing file is
 * created.
 * @throws CommandError when no store is set, or its URL is invalid.
 */
export async function withStore<T>(
  flags: Partial<FleetFlags>,
  env: Terminal["env"],
  use: (opened: OpenScope) => Promise<T>,
  mayBeNew = false,
): Promise<T> {
  const settings = storeSettingsFrom(flags, env);
  if (settings === undefined) {
    throw new CommandError(
      "--store is missing; use --store or DAGGER_BREAKER_STORE, such as redis://HOST:6379",
      EXIT.usage,
    );
  }
  const timeoutMs = flags.storeTimeout ?? DEFAULT_TIMEOUT_MS;
  const store = await make(settings, timeoutMs);
  if (!mayBeNew) checkIsThere(settings.url);
  const ask: OpenScope["ask"] = (question, signal) => answered(question, { timeoutMs, signal });
  try {
    return await use({ store, scope: settings.scope, ask });
  } finally {
    await closed(store);
  }
}

/**
 * Returns the named circuits. Without names, returns all circuits of the scope.
 *
 * @param onUnreadable Receives circuits that cannot be read. Without this function, a named circuit
 * that cannot be read is an error.
 */
export async function readCircuits(
  { store, scope }: Pick<OpenScope, "store" | "scope">,
  names: readonly string[],
  onUnreadable?: OnUnreadable,
): Promise<readonly FleetEntry[]> {
  if (names.length === 0) return (await store.list(scope, onUnreadable)).filter(isCircuit);
  const entries = await Promise.all(
    names.map(async (name) => {
      try {
        const { snapshot } = await store.run({ scope, name }, { kind: "read" });
        return { name, snapshot };
      } catch (error) {
        if (onUnreadable === undefined || !(error instanceof UnreadableCircuitError)) throw error;
        onUnreadable(name, error);
        return undefined;
      }
    }),
  );
  return entries.filter((entry) => entry !== undefined);
}

async function make({ url, token }: StoreSettings, timeoutMs: number): Promise<FleetStore> {
  try {
    return await openPatientStore(url, timeoutMs, { token });
  } catch (error) {
    if (isFleetStoreError(error)) throw unreachable(error.message);
    // The message of this error is safe, because `openStore` shows at most the scheme of a wrong
    // URL.
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new CommandError(error.message, EXIT.usage);
    }
    throw error;
  }
}

/**
 * Checks that the file of a SQLite store exists. Otherwise a typo in the path would create an empty
 * store, which shows no open circuit.
 */
function checkIsThere(url: string): void {
  const [, path] = /^sqlite:(.*)$/is.exec(url) ?? [];
  if (path === undefined || existsSync(path)) return;
  throw new CommandError(
    `invalid --store: the file ${plainText(JSON.stringify(path))} does not exist; check the path`,
    EXIT.noInput,
  );
}

async function answered<T>(question: () => Promise<T>, options: TimeoutOptions): Promise<T> {
  try {
    // A store that replies "busy" has changed nothing, so the same question can be asked again.
    const limitMs = options.timeoutMs * BUSY_SHARE;
    return await withTimeout(() => askWhileBusy(question, limitMs), options);
  } catch (error) {
    if (error instanceof StoreBusyError) throw new NotDoneError(error.message);
    if (isTimeoutError(error)) {
      const time = durationText(options.timeoutMs);
      throw unreachable(`it did not answer within ${time}; --store-timeout sets the limit`);
    }
    if (isFleetStoreError(error)) throw unreachable(error.message);
    throw error;
  }
}

/** The error of a store that was busy until the timeout. The command has changed nothing. */
export class NotDoneError extends CommandError {
  constructor(message: string) {
    super(`the store cannot be used: ${plainText(message)}`, EXIT.storeUnreachable);
  }
}

function unreachable(message: string): CommandError {
  return new CommandError(`the store cannot be used: ${plainText(message)}`, EXIT.storeUnreachable);
}

async function closed(store: FleetStore): Promise<void> {
  try {
    await withTimeout(() => store.close(), { timeoutMs: CLOSE_TIMEOUT_MS });
  } catch {
    // An error on closing does not matter, because the command needs no further reply.
  }
}
