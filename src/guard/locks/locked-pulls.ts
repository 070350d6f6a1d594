/**
 * Remembers for which locked images the engine must contact a registry. A lock file contains the digest but
 * not the layers: an engine without the layers still pulls them.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import { FailedImages } from "./failed-images.js";

/** The most images that are remembered. */
const LIMIT = 10_000;

/** The locked images of one request. */
export interface Locks {
  /** Returns the locked digest of an image; undefined if it is not locked. */
  digestOf(one: NamedUpstream): string | undefined;
  /**
   * Returns whether the engine contacted the registry for a locked image, and no request has used the image
   * since. Then it must contact the registry again.
   */
  mustBeAsked(one: NamedUpstream): boolean;
}

/** The facts that a finished request has shown about its images. */
export interface LockedOutcome {
  readonly references: readonly NamedUpstream[];
  /** The breakers of upstreams that the engine contacted: they failed, or spans show an exchange. */
  readonly asked: ReadonlySet<string>;
  /** Whether the request used the contents of everything that it names. */
  readonly used: boolean;
}

/** The locked images for which the engine must contact a registry, for all sessions of an engine. */
export class LockedPulls {
  readonly failedImages = new FailedImages();
  readonly #mustBeAsked = new BoundedMap<string, boolean>(LIMIT);

  mustBeAsked(one: NamedUpstream, digest: string): boolean {
    return this.#mustBeAsked.get(keyOf(one, digest)) === true;
  }

  /** Records what a finished request has shown. */
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
 * Returns whether all images of this registry in the request are locked. Otherwise an image that is not
 * locked may be why the registry was contacted, and requests for the locked one must not be rejected.
 */
function isAlone(one: NamedUpstream, references: readonly NamedUpstream[], locks: Locks): boolean {
  return references.every(
    (other) => other.circuit !== one.circuit || locks.digestOf(other) !== undefined,
  );
}

function keyOf({ upstream, image }: NamedUpstream, digest: string): string {
  return `${upstream.reference} ${image?.platform ?? ""} ${digest}`;
}
