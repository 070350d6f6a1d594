/** Declares the options of a fleet with their ranges and defaults, and checks them. */

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
import { openPatientStore } from "../open-store.js";
import { MAX_REPORTERS } from "../rules/policy.js";
import type { Reporter } from "../rules/state.js";
import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { type ReporterOptions, readReporter } from "./reporter.js";

/**
 * The calls for which a process asks the store. `strict`: every call. `cached`: only calls that the
 * known state of the circuit cannot decide.
 */
export type FleetMode = "strict" | "cached";

/** Options of {@link createFleet}. */
export interface FleetOptions {
  /**
   * The store of shared circuits, or a URL for {@link openStore}. Closing the fleet closes only a
   * store that comes from a URL.
   */
  readonly store: FleetStore | string;
  /**
   * The rate-limit scope. Runs in one scope share an egress address or account. 1 to 100 of the
   * characters `A-Z a-z 0-9 . _ : / @ -`. Default: `"default"`.
   */
  readonly scope?: string | undefined;
  /**
   * `strict`: the process asks the store for every call. This suits CI jobs. `cached`: the process
   * decides from the state that the store pushes, and sends outcomes within a second. This suits
   * services, and needs a store that pushes changes. Default: `"strict"`.
   */
  readonly mode?: FleetMode | undefined;
  /** Milliseconds that a call may wait for the store, 1 to 10,000. Default: 100. */
  readonly timeoutMs?: number | undefined;
  /**
   * Milliseconds that calls may wait for the store in total without any reply, above 0. After that,
   * the process no longer asks the store. Use it for short-lived processes. Default: no limit.
   */
  readonly giveUpAfterMs?: number | undefined;
  /**
   * Number of different reporters that must report failures before a circuit opens, 1 to 8. A rate
   * limit needs only one. Default: set by the store, 2 for stores of many machines and 1 for stores
   * of one machine.
   */
  readonly minimumReporters?: number | undefined;
  /** The identity of this process in reports. Default: taken from the system and the CI system. */
  readonly reporter?: ReporterOptions | undefined;
  /** The token of `dagger-breaker serve`, if `store` is an http or https URL. Default: none. */
  readonly token?: string | undefined;
  /** The prefix of all keys, if `store` is a Redis URL. Default: `"dcb"`. */
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

/** The options of a fleet after the check, with all defaults. */
export interface FleetSettings {
  readonly scope: string;
  readonly mode: FleetMode;
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number | undefined;
  readonly minimumReporters: number | undefined;
  readonly reporter: Reporter;
  readonly kind: string;
  /** Whether the fleet created the store from a URL. If so, the fleet must close the store. */
  readonly ownsStore: boolean;
  readonly store: () => FleetStore | Promise<FleetStore>;
}

/**
 * Returns the checked options, with all defaults.
 *
 * @throws TypeError or RangeError for an invalid option. The message contains the option, its value
 * and the expected value. It never contains the URL of the store, which may contain a password.
 */
export function readFleetOptions(given: unknown): FleetSettings {
  const { store, reporter, token, prefix, ...settings } = readOptions("createFleet", given, FIELDS);
  if (store === undefined) {
    throw new TypeError(
      'createFleet option "store" is undefined, expected a store or the URL of a store',
    );
  }
  const known =
    typeof store === "string"
      ? byUrl(store, settings.timeoutMs, { token, prefix })
      : byStore(store);
  if (settings.mode === "cached" && !known.pushes) {
    throw new TypeError(
      `createFleet option "mode" is "cached", expected "strict", because a store of the kind "${known.kind}" does not push its changes`,
    );
  }
  return { ...settings, reporter: reporter ?? readReporter({}, "reporter"), ...known };
}

function byStore(store: FleetStore) {
  return { kind: store.kind, pushes: store.pushes, ownsStore: false, store: () => store };
}

function byUrl(url: string, timeoutMs: number, options: Pick<FleetOptions, "token" | "prefix">) {
  const kind = kindOfUrl(url) ?? "";
  return {
    kind,
    pushes: kind !== "sqlite",
    ownsStore: true,
    store: () => openPatientStore(url, timeoutMs, options).catch(toStoreError),
  };
}

/**
 * Rethrows an error of `openStore` as an error of the store. The message is safe, because it shows
 * only the scheme of the URL.
 */
function toStoreError(error: unknown): never {
  const isOurs = error instanceof TypeError || error instanceof RangeError;
  throw isOurs ? new FleetStoreError(error.message, error) : error;
}

/**
 * Checks a store that is given as an object. With an invalid `minimumReporters`, no circuit would
 * ever open.
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
    `${label} is not the URL of a store, expected a URL that begins with ${[...KINDS.keys()].join(":, ")}:`,
  );
}
