/**
 * The facts about images in a lock file. A lock gives the digest, not the layers: an engine that
 * has them contacts no registry, a cold one still does.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import { FailedImages } from "./failed-images.js";

/** The most images remembered. */
const LIMIT = 10_000;

/** The locked images of one request. */
export interface Locks {
  /** Returns the digest that the engine uses for an image; undefined if it is not locked. */
  digestOf(one: NamedUpstream): string | undefined;
  /**
   * Returns whether the engine contacted a registry for a locked image that it has not used since.
   */
  mustBeAsked(one: NamedUpstream): boolean;
}

/** The facts that a request has shown about its images. */
export interface LockedOutcome {
  readonly references: readonly NamedUpstream[];
  /** The breakers of the contacted upstreams: they failed, or spans show an exchange. */
  readonly asked: ReadonlySet<string>;
  /** Whether it used the contents of everything that it names. */
  readonly used: boolean;
}

/**
 * The locked images for which the engine must contact a registry, shared by all sessions of an
 * engine.
 */
export class LockedPulls {
  readonly failedImages = new FailedImages();
  readonly #mustBeAsked = new BoundedMap<string, boolean>(LIMIT);

  mustBeAsked(one: NamedUpstream, digest: string): boolean {
    return this.#mustBeAsked.get(keyOf(one, digest)) === true;
  }

  /** Learns from a finished request. */
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
 * Returns whether a registry can have been contacted only for locked images. Otherwise the other
 * images may be the cause, and images that the engine has must not be rejected for them.
 */
function isAlone(one: NamedUpstream, references: readonly NamedUpstream[], locks: Locks): boolean {
  return references.every(
    (other) => other.circuit !== one.circuit || locks.digestOf(other) !== undefined,
  );
}

function keyOf({ upstream, image }: NamedUpstream, digest: string): string {
  return `${upstream.reference} ${image?.platform ?? ""} ${digest}`;
}
