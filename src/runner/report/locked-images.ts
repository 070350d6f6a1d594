/** Gathers the images that the sessions of a command took by the lock file of Dagger, where nobody was asked for a tag. */

import type { LockedEvent } from "../../guard/locks/request-locks.js";

/** An image, by the tag that the pipeline names. */
export interface LockedImage {
  readonly reference: string;
  /** The platform asked for; empty for the engine's own. */
  readonly platform: string;
  readonly digest: string;
}

const MAX_IMAGES = 512;

/** The images of one run, each once. */
export class LockedImages {
  readonly #images = new Map<string, LockedImage>();

  /** Takes what the option `onLocked` of a guard is told. */
  add({ reference, platform, digest }: LockedEvent): void {
    if (this.#images.size >= MAX_IMAGES) return;
    this.#images.set(JSON.stringify([reference, platform, digest]), {
      reference,
      platform,
      digest,
    });
  }

  get all(): readonly LockedImage[] {
    return [...this.#images.values()];
  }
}
