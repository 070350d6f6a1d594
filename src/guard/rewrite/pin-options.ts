/** The option `pin`, which requests images by known digests. */

import {
  type Field,
  functionField,
  numberField,
  objectField,
  readOptions,
} from "../../options/check.js";
import { DigestFile } from "../digests/digest-file.js";
import type { DigestStore } from "../digests/known-digests.js";
import { type PinnedEvent, Pinning } from "./pinning.js";

/** The settings of the option `pin`. */
export interface PinOptions {
  /**
   * The maximum age of a digest that is used, in milliseconds above 0. The age begins when the tag was last
   * seen with this digest. If the digest is older, the tag itself is requested, and its digest is learned
   * again.
   */
  readonly maxAgeMs: number;
  /**
   * The store of digests: a `DigestFile`, `MemoryDigests`, or a store of your own. Default: the file
   * `dagger-circuit-breaker/digests.json` in the user's cache folder, which all processes share.
   */
  readonly store?: DigestStore | undefined;
  /** Called for each image that a request uses by a known digest. Default: no function. */
  readonly onUse?: ((event: PinnedEvent) => unknown) | undefined;
}

const AGE = { min: 0, above: true, max: Number.MAX_SAFE_INTEGER, of: "milliseconds" } as const;

const FIELDS = {
  maxAgeMs: numberField(undefined, AGE),
  store: objectField<DigestStore, undefined>(undefined, ["find", "remember", "prove"]),
  onUse: functionField<(event: PinnedEvent) => unknown>(),
};

/** Validates the option `pin`. */
export const pinField: Field<Pinning | undefined> = {
  absent: undefined,
  read(value, label) {
    const { maxAgeMs, store, onUse } = readOptions(label, value, FIELDS);
    if (maxAgeMs === undefined) {
      throw new TypeError(`${label} has no "maxAgeMs", expected a number of milliseconds above 0`);
    }
    return new Pinning(store ?? new DigestFile(), maxAgeMs, onUse);
  },
};
