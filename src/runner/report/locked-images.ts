/**
 * Collects the images whose digest came from Dagger's lock file, so that no registry was asked
 * about the tag.
 */

import type { LockedEvent } from "../../guard/locks/lock-file.js";

/** An image whose digest came from a lock file. `reference` is its tag in the pipeline. */
export interface ReportedLock {
  readonly reference: string;
  /** The requested platform; empty for the platform of the engine. */
  readonly platform: string;
  readonly digest: string;
}

const MAX_IMAGES = 512;

/** The images of one run, without duplicates. */
export class LockedImages {
  readonly #images = new Map<string, ReportedLock>();

  /** Adds the image of an `onLocked` event of the guard. */
  add({ reference, platform, digest }: LockedEvent): void {
    if (this.#images.size >= MAX_IMAGES) return;
    this.#images.set(JSON.stringify([reference, platform, digest]), {
      reference,
      platform,
      digest,
    });
  }

  get all(): readonly ReportedLock[] {
    return [...this.#images.values()];
  }
}
