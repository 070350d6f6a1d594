/**
 * Remembers what a session has already fetched, to find the upstreams that a request will contact. The
 * engine does not request a tag, URL or remote again after its contents were used.
 */

import type { NamedUpstream, ReadRequest } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import type { Locks } from "../locks/locked-pulls.js";

/** The most ids that a session remembers. The same limit applies to its resolved references. */
const LIMIT = 10_000;

/** The upstreams of a request, by breaker name. */
export interface Dependencies {
  /** The upstreams whose breakers must admit the request, because the engine may contact them. */
  readonly gated: ReadonlySet<string>;
  /**
   * All upstreams that the request names, uses through an id, or needs by the option `needs`. No other
   * upstream can be at fault.
   */
  readonly all: ReadonlySet<string>;
  /** The upstreams in `all`, without the upstreams that only the option `needs` names. */
  readonly named: ReadonlySet<string>;
  /** The upstreams that must have answered if the request succeeds. */
  readonly proven: ReadonlySet<string>;
  /** Further upstreams that must have answered, but only if the engine takes no tags from lock files. */
  readonly provenByTag: ReadonlySet<string>;
  /**
   * The upstreams that must have answered even if a command of the request fails. The upstream of a push is
   * left out, because a push comes after the commands.
   */
  readonly provenBeforeCommand: ReadonlySet<string>;
  /** The images that the engine will probably pull. Each entry is the circuit of one image's registry. */
  readonly images: readonly string[];
  /** The references of the upstreams in the query. The session remembers them once the engine has answered. */
  readonly references: readonly NamedUpstream[];
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** The dependencies of a request that names no upstream. */
const NO_DEPENDENCIES: Dependencies = {
  gated: NO_NAMES,
  all: NO_NAMES,
  named: NO_NAMES,
  proven: NO_NAMES,
  provenByTag: NO_NAMES,
  provenBeforeCommand: NO_NAMES,
  images: [],
  references: [],
};

/** The images that the guard itself requests by digest (option `pin`). */
export interface Pins {
  mustBeAsked(reference: string, platform: string): boolean;
  /** Returns whether a tag will be replaced by the digest of an image that the engine already has. */
  avoidsRequest(reference: string, platform: string): boolean;
}

/** The memory of one session. Never print it, because its keys contain values of requests. */
export class SessionMemory {
  /** For each id of an object, the references from which the object comes. */
  readonly #ids = new BoundedMap<string, readonly NamedUpstream[]>(LIMIT);
  /** The references that this session has resolved. `"used"`: it has also used their contents. */
  readonly #met = new BoundedMap<string, "resolved" | "used">(LIMIT);
  readonly #asked = new BoundedMap<string, true>(LIMIT);

  /**
   * Returns the upstreams of a request.
   *
   * @param needs The breaker names in the option `needs`.
   * @param pins The images that the guard itself requests by digest.
   * @param locks The images in the lock file.
   */
  dependencies(
    reading: ReadRequest,
    needs: readonly string[],
    pins: Pins | undefined,
    locks: Locks,
  ): Dependencies {
    const references = this.#references(reading);
    const declared = reading.introspects ? [] : needs;
    if (references.length === 0 && declared.length === 0) return NO_DEPENDENCIES;
    const named = new Set<string>();
    const gated = new Set<string>();
    const proven = new Set<string>();
    const provenByTag = new Set<string>();
    const provenBeforeCommand = new Set<string>();
    const images: string[] = [];
    for (const one of references) {
      const { upstream, circuit } = one;
      // The engine does not request a used reference again, so it does not matter whether the reference is
      // locked.
      const digest = this.#met.get(one.key) === "used" ? undefined : locks.digestOf(one);
      named.add(circuit);
      if (this.#gates(one, digest, locks, pins)) {
        gated.add(circuit);
        if (isFetched(one) && upstream.kind === "registry") images.push(circuit);
      }
      if (!this.#proves(one, digest)) continue;
      if (isTag(one)) provenByTag.add(circuit);
      else proven.add(circuit);
      if (!isTag(one) && isFetched(one)) provenBeforeCommand.add(circuit);
    }
    const all = declared.length === 0 ? named : new Set([...named, ...declared]);
    for (const name of declared) gated.add(name);
    return { gated, all, named, proven, provenByTag, provenBeforeCommand, images, references };
  }

  /** Returns the images that the engine must request from their registries, as full references. */
  imagesToAsk({ named, sideEffects }: ReadRequest, locks: Locks, pins?: Pins): string[] {
    const spared = ({ upstream, image }: NamedUpstream) =>
      !sideEffects.has("publish") &&
      pins?.avoidsRequest(upstream.reference, image?.platform ?? "") === true;
    return named
      .filter(
        (one) =>
          one.upstream.field === "from" &&
          this.#gates(one, locks.digestOf(one), locks) &&
          !spared(one),
      )
      .map(({ upstream }) => upstream.reference);
  }

  /**
   * Records what a request has resolved and used. Call it only if the request did everything that it names,
   * at least up to its last command.
   */
  learn({ usesContents }: ReadRequest, { references }: Dependencies): void {
    for (const { key } of references) {
      const isUsed = usesContents || this.#met.get(key) === "used";
      this.#met.set(key, isUsed ? "used" : "resolved");
    }
  }

  /**
   * Returns true only at the first call for an image. The caller then asks the engine for the image's
   * digest.
   */
  learnsDigest(key: string): boolean {
    if (this.#asked.has(key)) return false;
    this.#asked.set(key, true);
    return true;
  }

  /** Records from which references the objects behind new ids come. Pushed references are left out. */
  learnIds(ids: readonly string[], { references }: Dependencies): void {
    const kept = references.filter(isFetched);
    if (kept.length === 0) return;
    for (const id of ids) this.#ids.set(id, kept);
  }

  #references(reading: ReadRequest): readonly NamedUpstream[] {
    // Take a shortcut, because nearly all requests name at most one upstream and use no known id.
    if (reading.named.length < 2 && !this.#knowsAny(reading.texts)) return reading.named;
    const found = new Map(reading.named.map((one) => [one.key, one]));
    for (const text of reading.texts) {
      const kept = this.#ids.get(text);
      if (kept === undefined) continue;
      this.#ids.set(text, kept);
      for (const one of kept) found.set(one.key, one);
    }
    return [...found.values()];
  }

  #knowsAny(texts: ReadonlySet<string>): boolean {
    if (this.#ids.size === 0) return false;
    for (const text of texts) if (this.#ids.has(text)) return true;
    return false;
  }

  /**
   * Returns whether the engine may contact an upstream for a reference. The engine probably has an image
   * with a digest, and it certainly has a reference that was used before. A push always contacts the
   * registry.
   */
  #gates(one: NamedUpstream, digest: string | undefined, locks: Locks, pins?: Pins): boolean {
    const { upstream, image, key } = one;
    if (upstream.field === "publish") return true;
    if (upstream.pinned) {
      const { reference } = upstream;
      if (pins?.mustBeAsked(reference, image?.platform ?? "") !== true) return false;
    }
    if (this.#met.get(key) === "used") return false;
    return digest === undefined || locks.mustBeAsked(one);
  }

  /**
   * Returns whether a success proves that an upstream answered. A push proves it. So does the first use of
   * a tag, URL or remote in this session, unless it is locked.
   */
  #proves({ upstream, key }: NamedUpstream, digest: string | undefined): boolean {
    if (upstream.field === "publish") return true;
    return !upstream.pinned && digest === undefined && !this.#met.has(key);
  }
}

/** Returns whether a reference is an image by tag. Only such a reference can be in a lock file. */
function isTag({ upstream }: NamedUpstream): boolean {
  return upstream.kind === "registry" && upstream.field !== "publish" && !upstream.pinned;
}

function isFetched({ upstream }: NamedUpstream): boolean {
  return upstream.field !== "publish";
}
