/**
 * Collects images whose digest a command's sessions took from Dagger's lock file, so that no
 * registry was asked about the tag.
 */

import type { LockedEvent } from "../../guard/locks/lock-file.js";

/** An image, by the tag in the pipeline. */
export interface ReportedLock {
  readonly reference: string;
  /** The requested platform; empty for the engine's own. */
  readonly platform: string;
  readonly digest: string;
}

const MAX_IMAGES = 512;

/** The images of one run, each once. */
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
