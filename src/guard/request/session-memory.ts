/**
 * What one session has done so far, as far as it tells which upstreams a request will contact: a tag,
 * URL or remote whose contents were used once is not asked for again.
 */

import type { NamedUpstream, ReadRequest } from "../../attribution/query/named-upstream.js";
import { BoundedMap } from "../bounded-map.js";
import type { Locks } from "../locks/locked-pulls.js";

/** How much a session remembers of ids, and of what was resolved. */
const LIMIT = 10_000;

/** What a request depends on, by names of breakers. */
export interface Dependencies {
  /** Those that must admit it, because it may well contact them. */
  readonly gated: ReadonlySet<string>;
  /** All that it names, quotes or declares; only these can be blamed for its failure. */
  readonly all: ReadonlySet<string>;
  /** Those that it names or quotes, and that were not merely declared. */
  readonly named: ReadonlySet<string>;
  /** Those that a success proves to have answered. */
  readonly proven: ReadonlySet<string>;
  /** Those that it proves as well where the engine asks for each tag: no lock file can name it. */
  readonly provenByTag: ReadonlySet<string>;
  /** Those that are proven even when a command of the request fails: a push comes after it. */
  readonly provenBeforeCommand: ReadonlySet<string>;
  /** The circuits of the registries of the images that it may well pull, one for each image. */
  readonly images: readonly string[];
  /** The references behind these names, for what is to be learnt from the answer. */
  readonly references: readonly NamedUpstream[];
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Those of a request that names nothing. */
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

/** Knows the images that a guard has pinned on its own. */
export interface Pins {
  mustBeAsked(reference: string, platform: string): boolean;
  /** Whether a tag will be asked for by a digest that the engine has used already. */
  spares(reference: string, platform: string): boolean;
}

/** Remembers for one session. Nothing in it is shown to anybody: keys hold what requests hold. */
export class SessionMemory {
  /** The references that an id stands for. */
  readonly #ids = new BoundedMap<string, readonly NamedUpstream[]>(LIMIT);
  /** What was resolved in this session, and whether its contents were used. */
  readonly #met = new BoundedMap<string, "resolved" | "used">(LIMIT);
  readonly #asked = new BoundedMap<string, true>(LIMIT);

  /**
   * What a request depends on.
   *
   * @param needs The names of breakers that the user declared.
   * @param pins Knows the images that were pinned by us, and whether the engine will ask for them.
   * @param locks Knows the images that a lock file names.
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
      // What was used already is not asked for again, locked or not.
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

  /** The images that a request will have to ask their registries for, as references. */
  imagesToAsk({ named, sideEffects }: ReadRequest, locks: Locks, pins?: Pins): string[] {
    const spared = ({ upstream, image }: NamedUpstream) =>
      !sideEffects.has("publish") &&
      pins?.spares(upstream.reference, image?.platform ?? "") === true;
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
   * Learns from a request that did what it names: from one that worked, or from one whose only
   * failure is the command that it ran in the end.
   */
  learn({ usesContents }: ReadRequest, { references }: Dependencies): void {
    for (const { key } of references) {
      const isUsed = usesContents || this.#met.get(key) === "used";
      this.#met.set(key, isUsed ? "used" : "resolved");
    }
  }

  /** Whether the digest of an image is still to be learnt in this session; from now on it is not. */
  learnsDigest(key: string): boolean {
    if (this.#asked.has(key)) return false;
    this.#asked.set(key, true);
    return true;
  }

  /** Learns which references ids stand for; nothing that was pushed comes along with them. */
  learnIds(ids: readonly string[], { references }: Dependencies): void {
    const kept = references.filter(isFetched);
    if (kept.length === 0) return;
    for (const id of ids) this.#ids.set(id, kept);
  }

  #references(reading: ReadRequest): readonly NamedUpstream[] {
    // Nearly all requests name one thing at most, and quote no id that stands for one.
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

  /** An image by digest may be there already, and what was used once is. A push always goes out. */
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

  /** A new session must ask for every tag, URL and remote that is not locked; after that it need not. */
  #proves({ upstream, key }: NamedUpstream, digest: string | undefined): boolean {
    if (upstream.field === "publish") return true;
    return !upstream.pinned && digest === undefined && !this.#met.has(key);
  }
}

/** Whether it is an image by tag, which a lock file can name. */
function isTag({ upstream }: NamedUpstream): boolean {
  return upstream.kind === "registry" && upstream.field !== "publish" && !upstream.pinned;
}

function isFetched({ upstream }: NamedUpstream): boolean {
  return upstream.field !== "publish";
}
