/** The options of a fleet with their ranges and defaults, and the code that checks them. */

import {
  checkNumber,
  checkText,
  type Field,
  type NumberRange,
  numberField,
  objectField,
  readOptions,
  SOME_MILLISECONDS,
  wordField,
} from "../../options/check.js";
import { checkKeyWord } from "../key-word.js";
import { openStore } from "../open-store.js";
import { MAX_REPORTERS } from "../rules/policy.js";
import type { Reporter } from "../rules/state.js";
import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { type ReporterOptions, readReporter } from "./reporter.js";

/**
 * When to ask the store: for every call (`strict`), or only if the state known from pushes cannot
 * decide (`cached`).
 */
export type FleetMode = "strict" | "cached";

/** Options of `createFleet`. */
export interface FleetOptions {
  /**
   * The store of shared circuits, or its URL as {@link openStore} takes it. Closing the fleet does
   * not close a store given as an object.
   */
  readonly store: FleetStore | string;
  /**
   * The rate-limit scope: runs that share one egress address or account. 1 to 100 of the characters
   * `A-Z a-z 0-9 . _ : / @ -`. Default: `"default"`.
   */
  readonly scope?: string | undefined;
  /**
   * `strict`: the store is asked for every call, which suits CI. `cached`: pushes report closed and
   * open circuits, and outcomes are sent within a second, which suits services. It needs a store
   * that pushes. Default: `"strict"`.
   */
  readonly mode?: FleetMode | undefined;
  /** Milliseconds that one call may wait for the store, 1 to 10,000. Default: 100. */
  readonly timeoutMs?: number | undefined;
  /**
   * Milliseconds that calls may wait for the store in total without any reply; after that the store
   * is not asked again. For short-lived processes. Above 0. Default: no limit.
   */
  readonly giveUpAfterMs?: number | undefined;
  /**
   * Number of processes that must report failures before a circuit opens, 1 to 8. A rate limit
   * needs one. Default: set by the store, 2 for stores of many machines and 1 for those of one.
   */
  readonly minimumReporters?: number | undefined;
  /** The identity of this process in reports. */
  readonly reporter?: ReporterOptions | undefined;
  /** For a URL: the token of `dagger-breaker serve`. */
  readonly token?: string | undefined;
  /** For a URL: the prefix of all keys in Redis. */
  readonly prefix?: string | undefined;
}

/** The kind of store for each URL scheme. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["redis", "redis"],
  ["rediss", "redis"],
  ["sqlite", "sqlite"],
  ["http", "http"],
  ["https", "http"],
  ["memory", "memory"],
]);

const REPORTERS: NumberRange = { min: 1, max: MAX_REPORTERS, whole: true };
const storeObject = objectField<FleetStore>({} as FleetStore, [
  "open",
  "run",
  "list",
  "history",
  "subscribe",
  "close",
]);
const textField: Field<string | undefined> = {
  absent: undefined,
  read(value, label) {
    if (typeof value === "string") return value;
    throw new TypeError(`${label} is of type ${typeof value}, expected a text`);
  },
};
const FIELDS = {
  store: { absent: undefined, read: readStore } as Field<FleetStore | string | undefined>,
  scope: { absent: "default", read: checkKeyWord } as Field<string>,
  mode: wordField<FleetMode>("strict", ["strict", "cached"]),
  giveUpAfterMs: numberField(undefined, SOME_MILLISECONDS),
  timeoutMs: numberField(100, { min: 1, max: 10_000, of: "milliseconds" }),
  minimumReporters: numberField(undefined, REPORTERS),
  reporter: { absent: undefined, read: readReporter } as Field<Reporter | undefined>,
  token: textField,
  prefix: textField,
};

/** The checked options of a fleet. */
export interface FleetSettings {
  readonly scope: string;
  readonly mode: FleetMode;
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number | undefined;
  readonly minimumReporters: number | undefined;
  readonly reporter: Reporter;
  readonly kind: string;
  /** Whether the fleet created the store from a URL and must close it. */
  readonly ownsStore: boolean;
  readonly store: () => FleetStore | Promise<FleetStore>;
}

/**
 * Checks options.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value; never
 * the URL of the store, which may hold a password.
 */
export function readFleetOptions(given: unknown): FleetSettings {
  const { store, reporter, token, prefix, ...settings } = readOptions("createFleet", given, FIELDS);
  if (store === undefined) {
    throw new TypeError(
      'createFleet option "store" is undefined, expected a store or the URL of one',
    );
  }
  const known = typeof store === "string" ? byUrl(store, { token, prefix }) : byStore(store);
  if (settings.mode === "cached" && !known.pushes) {
    throw new TypeError(
      `createFleet option "mode" is "cached", expected "strict": a store of the kind ${known.kind} does not push its changes`,
    );
  }
  return { ...settings, reporter: reporter ?? readReporter({}, "reporter"), ...known };
}

function byStore(store: FleetStore) {
  return { kind: store.kind, pushes: store.pushes, ownsStore: false, store: () => store };
}

function byUrl(url: string, options: Pick<FleetOptions, "token" | "prefix">) {
  const kind = kindOfUrl(url) ?? "";
  return {
    kind,
    pushes: kind !== "sqlite",
    ownsStore: true,
    store: () => openStore(url, options).catch(toStoreError),
  };
}

/** Rethrows an error of `openStore`, whose message shows only the scheme of the URL. */
function toStoreError(error: unknown): never {
  const isOurs = error instanceof TypeError || error instanceof RangeError;
  throw isOurs ? new FleetStoreError(error.message, error) : error;
}

/**
 * Checks that the user's store has a valid `minimumReporters`, without which no circuit would ever
 * open.
 */
function readOwnStore(value: unknown, label: string): FleetStore {
  const store = storeObject.read(value, label);
  checkText(store.kind, `"kind" of ${label}`, 100);
  checkNumber(store.minimumReporters, `"minimumReporters" of ${label}`, REPORTERS);
  return store;
}

function kindOfUrl(url: string): string | undefined {
  const [, scheme = ""] = /^([a-z]+):/i.exec(url) ?? [];
  return KINDS.get(scheme.toLowerCase());
}

function readStore(value: unknown, label: string): FleetStore | string {
  if (typeof value !== "string") return readOwnStore(value, label);
  if (kindOfUrl(value) !== undefined) return value;
  throw new RangeError(
    `${label} is not the URL of a store, expected it to begin with ${[...KINDS.keys()].join(":, ")}:`,
  );
}
