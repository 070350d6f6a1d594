/**
 * What is known of the images that a lock file names. A lock gives the digest, not the layers: an
 * engine that holds them asks nobody, a cold one still asks its registry.
 */

import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import { FailedImages } from "./failed-images.js";

/** How many images are remembered. */
const LIMIT = 10_000;

/** Tells for one request which of its images are locked. */
export interface Locks {
  /** The digest that the engine takes for an image; undefined for what is not locked. */
  digestOf(one: NamedUpstream): string | undefined;
  /** Whether the engine was seen to ask a registry for a locked image that it has not used since. */
  mustBeAsked(one: NamedUpstream): boolean;
}

/** What a request has shown of its images. */
export interface LockedOutcome {
  readonly references: readonly NamedUpstream[];
  /** The breakers of the upstreams that were asked: they failed, or spans show an exchange. */
  readonly asked: ReadonlySet<string>;
  /** Whether it used the contents of all that it names. */
  readonly used: boolean;
}

/** Knows of locked images whether the engine must ask for them; shared by all sessions of an engine. */
export class LockedPulls {
  readonly failedImages = new FailedImages();
  readonly #mustBeAsked = new BoundedMap<string, boolean>(LIMIT);

  mustBeAsked(one: NamedUpstream, digest: string): boolean {
    return this.#mustBeAsked.get(keyOf(one, digest)) === true;
  }

  /** Learns from a request that is over. */
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
 * Whether a registry can only have been asked for locked images. Else it was the others, as far as
 * anybody knows, and what the engine holds must not be rejected for them.
 */
function isAlone(one: NamedUpstream, references: readonly NamedUpstream[], locks: Locks): boolean {
  return references.every(
    (other) => other.circuit !== one.circuit || locks.digestOf(other) !== undefined,
  );
}

function keyOf({ upstream, image }: NamedUpstream, digest: string): string {
  return `${upstream.reference} ${image?.platform ?? ""} ${digest}`;
}
