/** The options of a session double. */

import { resolve } from "node:path";
import {
  checkNumber,
  checkText,
  type Field,
  functionField,
  MILLISECONDS,
  numberField,
  readObject,
  readOptions,
  wordField,
} from "../../../options/check.js";
import { isHttpUrl } from "../../../traces/receiver/receiver-options.js";
import { checkFaults, type FaultRule } from "../faults/fault-rules.js";
import { seededRandom } from "../faults/faults.js";
import { type ModuleDouble, type ModuleSettings, readModules } from "./module-options.js";

/**
 * The engine versions whose answers and spans the double imitates. `v1.0.0-beta.10` keeps a lock
 * file, `dagger.lock`, in the git repository of `workdir`.
 */
export type EngineVersion = "v0.21.8" | "v0.19.11" | "v1.0.0-beta.10";

/** Options of {@link startSessionDouble}. */
export interface SessionDoubleOptions {
  /** The engine version to imitate. Default: `"v0.21.8"`. */
  readonly engineVersion?: EngineVersion;
  /** The faults and their conditions. Default: none. */
  readonly faults?: readonly FaultRule[];
  /** The seed of `probability` in fault rules, a whole number from 0 to 2^32 - 1. Default: 1. */
  readonly seed?: number;
  /**
   * A function that returns numbers from 0 to 1 (1 excluded), instead of the seeded ones. Do not combine it
   * with `seed`.
   */
  readonly random?: () => number;
  /** The folder from which relative paths of `host()` and `export` start. Default: the working folder. */
  readonly workdir?: string;
  /** The folder into which `publish` writes images. Default: one that `stop()` removes. */
  readonly publishTo?: string;
  /**
   * How long each answer takes to fail in a session that was lost because the engine restarted; in
   * milliseconds, from 0. Default: 10,000, as measured on real engines.
   */
  readonly lostSessionDelayMs?: number;
  /** Where the engine's spans of sessions without a CLI are sent. Default: nowhere. */
  readonly traces?: SessionDoubleTraces;
  /** Modules by their names in queries, such as `ci`. Default: none. */
  readonly modules?: Readonly<Record<string, ModuleDouble>>;
}

/** Where the engine's spans are sent. */
export interface SessionDoubleTraces {
  /** An OTLP endpoint for `http/protobuf`, an http or https URL with its path. */
  readonly endpoint: string;
  /**
   * How long spans are collected before they are sent, in milliseconds, from 0. Default: 5,000, as for a
   * CLI without `OTEL_BSP_SCHEDULE_DELAY`.
   */
  readonly scheduleDelayMs?: number;
}

/** The options with all defaults filled in. */
export type SessionDoubleSettings = ReturnType<typeof readSessionDoubleOptions>;

const OWNER = "startSessionDouble";

const textField: Field<string | undefined> = {
  absent: undefined,
  read: (value, label) => checkText(value, label, 4_096),
};

/** Validates the options. Throws a TypeError or RangeError that names what is wrong. */
export function readSessionDoubleOptions(options: SessionDoubleOptions | undefined) {
  const { seed, random, ...read } = readOptions(OWNER, options, {
    engineVersion: wordField<EngineVersion>("v0.21.8", ["v0.21.8", "v0.19.11", "v1.0.0-beta.10"]),
    faults: { absent: [], read: (value) => checkFaults(value, OWNER) } as Field<FaultRule[]>,
    seed: numberField(undefined, { min: 0, max: 4_294_967_295, whole: true }),
    random: functionField<() => number>(),
    workdir: textField,
    publishTo: textField,
    lostSessionDelayMs: numberField(10_000, MILLISECONDS),
    traces: { absent: undefined, read: readTraces } as Field<SessionDoubleTraces | undefined>,
    modules: { absent: readModules({}, OWNER), read: readModules } as Field<ModuleSettings>,
  });
  if (seed !== undefined && random !== undefined) {
    throw new TypeError(`${OWNER} options "seed" and "random" exclude each other`);
  }
  return {
    ...read,
    random: random ?? seededRandom(seed ?? 1),
    workdir: resolve(read.workdir ?? "."),
    publishTo: read.publishTo && resolve(read.publishTo),
  };
}

function readTraces(value: unknown, label: string): SessionDoubleTraces {
  const { endpoint, scheduleDelayMs } = readObject(label, value, ["endpoint", "scheduleDelayMs"]);
  const url = checkText(endpoint, `${label} "endpoint"`, 4_096);
  if (!isHttpUrl(url)) {
    throw new RangeError(`${label} "endpoint" is not a URL, expected one with http or https`);
  }
  return {
    endpoint: url,
    ...(scheduleDelayMs !== undefined && {
      scheduleDelayMs: checkNumber(scheduleDelayMs, `${label} "scheduleDelayMs"`, MILLISECONDS),
    }),
  };
}
