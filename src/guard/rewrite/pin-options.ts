/** How a guard is told to take images by their known digests. */

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

/** How the images of `from` are taken by known digests. */
export interface PinOptions {
  /**
   * How many milliseconds ago a tag may last have been seen to have its digest; above 0. When it was
   * longer ago, the tag itself is asked for and its digest learnt anew.
   */
  readonly maxAgeMs: number;
  /**
   * Where digests are kept: a `DigestFile`, `MemoryDigests`, or one of your own. Default: the file
   * `dagger-circuit-breaker/digests.json` in the user's cache folder, which all processes share.
   */
  readonly store?: DigestStore | undefined;
  /** Told of each image that a request takes by its digest. Default: nobody is. */
  readonly onUse?: ((event: PinnedEvent) => unknown) | undefined;
}

const AGE = { min: 0, above: true, max: Number.MAX_SAFE_INTEGER, of: "milliseconds" } as const;

const FIELDS = {
  maxAgeMs: numberField(undefined, AGE),
  store: objectField<DigestStore, undefined>(undefined, ["find", "remember", "prove"]),
  onUse: functionField<(event: PinnedEvent) => unknown>(),
};

/** Reads the option. */
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
