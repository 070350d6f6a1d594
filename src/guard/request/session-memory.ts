/**
 * The history of one session, which shows the upstreams that a request will contact: a tag, URL or
 * remote whose contents were used once is not requested again.
 */

import type { NamedUpstream, ReadRequest } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import type { Locks } from "../locks/locked-pulls.js";

/** The most ids, and the most resolved references, that a session remembers. */
const LIMIT = 10_000;

/** The upstreams of a request, by names of breakers. */
export interface Dependencies {
  /** The upstreams that must admit it, because it may contact them. */
  readonly gated: ReadonlySet<string>;
  /** Everything that it names, quotes or declares; only these can be at fault. */
  readonly all: ReadonlySet<string>;
  /** The upstreams that it names or quotes, without the merely declared ones. */
  readonly named: ReadonlySet<string>;
  /** The upstreams that a success proves to have answered. */
  readonly proven: ReadonlySet<string>;
  /**
   * The upstreams that it proves as well if the engine requests each tag: no lock file can contain
   * them.
   */
  readonly provenByTag: ReadonlySet<string>;
  /** The upstreams proven even if a command of the request fails: a push comes after it. */
  readonly provenBeforeCommand: ReadonlySet<string>;
  /** The circuits of the registries of the images that it may well pull, one for each image. */
  readonly images: readonly string[];
  /** The references behind these names, for learning from the answer. */
  readonly references: readonly NamedUpstream[];
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** The upstreams of a request that names nothing. */
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

/** The images that a guard has pinned by itself. */
export interface Pins {
  mustBeAsked(reference: string, platform: string): boolean;
  /** Returns whether a tag will be requested by a digest that the engine has already used. */
  avoidsRequest(reference: string, platform: string): boolean;
}

/** The memory of one session. Nothing in it may be shown: keys contain values of requests. */
export class SessionMemory {
  /** The references behind an id. */
  readonly #ids = new BoundedMap<string, readonly NamedUpstream[]>(LIMIT);
  /** The references resolved in this session, and whether their contents were used. */
  readonly #met = new BoundedMap<string, "resolved" | "used">(LIMIT);
  readonly #asked = new BoundedMap<string, true>(LIMIT);

  /**
   * Returns the upstreams of a request.
   *
   * @param needs The names of breakers that the user declared.
   * @param pins The images that this package pinned, and whether the engine will request them.
   * @param locks The images in a lock file.
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
      // A used reference is not requested again, locked or not.
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

  /** Returns the images that a request has to request from their registries, as references. */
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
   * Learns from a request that did what it names: a success, or a request whose only failure is its
   * last command.
   */
  learn({ usesContents }: ReadRequest, { references }: Dependencies): void {
    for (const { key } of references) {
      const isUsed = usesContents || this.#met.get(key) === "used";
      this.#met.set(key, isUsed ? "used" : "resolved");
    }
  }

  /**
   * Returns whether the digest of an image is still unknown in this session, and marks it as known.
   */
  learnsDigest(key: string): boolean {
    if (this.#asked.has(key)) return false;
    this.#asked.set(key, true);
    return true;
  }

  /** Learns the references behind ids; pushed references are left out. */
  learnIds(ids: readonly string[], { references }: Dependencies): void {
    const kept = references.filter(isFetched);
    if (kept.length === 0) return;
    for (const id of ids) this.#ids.set(id, kept);
  }

  #references(reading: ReadRequest): readonly NamedUpstream[] {
    // Nearly all requests name one thing at most, and quote no known id.
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
   * Returns whether a reference needs admission. An image by digest may be present, and a used
   * reference is. A push always contacts its registry.
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
   * Returns whether a success proves an answer. A new session must request every tag, URL and
   * remote that is not locked; later it need not.
   */
  #proves({ upstream, key }: NamedUpstream, digest: string | undefined): boolean {
    if (upstream.field === "publish") return true;
    return !upstream.pinned && digest === undefined && !this.#met.has(key);
  }
}

/** Returns whether it is an image by tag, which a lock file can contain. */
function isTag({ upstream }: NamedUpstream): boolean {
  return upstream.kind === "registry" && upstream.field !== "publish" && !upstream.pinned;
}

function isFetched({ upstream }: NamedUpstream): boolean {
  return upstream.field !== "publish";
}
