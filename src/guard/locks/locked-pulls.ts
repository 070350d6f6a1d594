/**
 * Remembers for which locked images the engine must contact a registry. A lock file contains the digest of
 * an image, but not its layers. An engine without the layers still pulls them.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import { FailedImages } from "./failed-images.js";

/** The most images that are remembered. */
const LIMIT = 10_000;

/** The locked images of one request. */
export interface Locks {
  /** Returns the locked digest of an image, or undefined if the image is not locked. */
  digestOf(one: NamedUpstream): string | undefined;
  /**
   * Returns whether the engine contacted the registry for a locked image, and no request has used the image
   * since. If so, the engine must contact the registry again.
   */
  mustBeAsked(one: NamedUpstream): boolean;
}

/** The facts that a finished request has shown about its images. */
export interface LockedOutcome {
  readonly references: readonly NamedUpstream[];
  /**
   * The breaker names of the upstreams that the engine contacted. An upstream is included if it failed, or
   * if spans show an exchange with it.
   */
  readonly asked: ReadonlySet<string>;
  /** Whether the request used the contents of everything that it names. */
  readonly used: boolean;
}

/**
 * The locked images for which the engine must contact a registry. All guards with the same registry of
 * breakers share them.
 */
export class LockedPulls {
  readonly failedImages = new FailedImages();
  readonly #mustBeAsked = new BoundedMap<string, boolean>(LIMIT);

  mustBeAsked(one: NamedUpstream, digest: string): boolean {
    return this.#mustBeAsked.get(keyOf(one, digest)) === true;
  }

  /** Records the facts that a finished request has shown. */
  learn({ references, asked, used }: LockedOutcome, locks: Locks): void {
    for (const one of references) {
      const digest = locks.digestOf(one);
      if (digest === undefined) continue;
      const key = keyOf(one, digest);
      if (used) this.#mustBeAsked.set(key, false);
      else if (asked.has(one.circuit) && isAlone(one, references, locks)) {
        this.#mustBeAsked.set(key, true);
      }
    }
  }
}

/**
 * Returns whether all images of this registry in the request are locked. If not, the engine may have
 * contacted the registry for an image without a lock. Then nothing is known about the locked image.
 */
function isAlone(one: NamedUpstream, references: readonly NamedUpstream[], locks: Locks): boolean {
  return references.every(
    (other) => other.circuit !== one.circuit || locks.digestOf(other) !== undefined,
  );
}

function keyOf({ upstream, image }: NamedUpstream, digest: string): string {
  return `${upstream.reference} ${image?.platform ?? ""} ${digest}`;
}
