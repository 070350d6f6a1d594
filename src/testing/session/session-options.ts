/** The options of a session double. */

import { resolve } from "node:path";
import {
  checkNumber,
  checkText,
  type Field,
  functionField,
  MILLISECONDS,
  numberField,
  readOptions,
  wordField,
} from "../../options/check.js";
import { checkFaults, type FaultRule } from "./fault-rules.js";
import { seededRandom } from "./faults.js";

/** The engine versions whose answers the double gives. */
export type EngineVersion = "v0.21.8" | "v0.19.11";

/** Options of {@link startSessionDouble}. */
export interface SessionDoubleOptions {
  /** Which engine it speaks and fails like. Default: `"v0.21.8"`. */
  readonly engineVersion?: EngineVersion;
  /** What goes wrong, and when. Default: nothing. */
  readonly faults?: readonly FaultRule[];
  /** The seed of `probability` in fault rules, a whole number from 0 to 2^32 - 1. Default: 1. */
  readonly seed?: number;
  /** Numbers from 0 to 1 (1 excluded) in place of the seeded ones. Not together with `seed`. */
  readonly random?: () => number;
  /** Where `host()` and `export` read relative paths from. Default: the working directory. */
  readonly workdir?: string;
  /** The folder that `publish` writes images into. Default: one that `stop()` removes. */
  readonly publishTo?: string;
  /**
   * How long a session of a restarted engine takes for each failing answer, in milliseconds, from
   * 0. Default: 10 000, as measured on real engines.
   */
  readonly lostSessionDelayMs?: number;
}

/** Options that were checked, with the defaults filled in. */
export interface SessionDoubleSettings {
  readonly engineVersion: EngineVersion;
  readonly faults: readonly FaultRule[];
  readonly random: () => number;
  readonly workdir: string;
  readonly publishTo: string | undefined;
  readonly lostSessionDelayMs: number;
}

const OWNER = "startSessionDouble";

const textField: Field<string | undefined> = {
  absent: undefined,
  read: (value, label) => checkText(value, label, 4_096),
};

/** Checks options. Throws a TypeError or RangeError that names what is wrong. */
export function readSessionDoubleOptions(
  options: SessionDoubleOptions | undefined,
): SessionDoubleSettings {
  const read = readOptions(OWNER, options, {
    engineVersion: wordField<EngineVersion>("v0.21.8", ["v0.21.8", "v0.19.11"]),
    faults: { absent: [], read: (value) => checkFaults(value, OWNER) } as Field<FaultRule[]>,
    seed: {
      absent: undefined,
      read: (value, label) =>
        checkNumber(value, label, { min: 0, max: 4_294_967_295, whole: true }),
    } as Field<number | undefined>,
    random: functionField<() => number>(),
    workdir: textField,
    publishTo: textField,
    lostSessionDelayMs: numberField(10_000, MILLISECONDS),
  });
  if (read.seed !== undefined && read.random !== undefined) {
    throw new TypeError(`${OWNER} options "seed" and "random" exclude each other`);
  }
  return {
    engineVersion: read.engineVersion,
    faults: read.faults,
    random: read.random ?? seededRandom(read.seed ?? 1),
    workdir: resolve(read.workdir ?? "."),
    publishTo: read.publishTo === undefined ? undefined : resolve(read.publishTo),
    lostSessionDelayMs: read.lostSessionDelayMs,
  };
}
