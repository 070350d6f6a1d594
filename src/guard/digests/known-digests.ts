/** What is known of the digests that tags had, the port through which a guard asks, and its memory. */

import { functionField, numberField, readOptions, SOME_CALLS } from "../../options/check.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

/** Which digest a tag had when an engine last used it. */
export interface KnownDigest {
  /** The tag in full, such as `docker.io/library/alpine:3.20`; `:latest` where none was written. */
  readonly reference: string;
  /** The platform that was asked for, such as `linux/arm64`; empty for the engine's own. */
  readonly platform: string;
  /** The digest, such as `sha256:` and 64 hexadecimal digits; of an image of many platforms the index's. */
  readonly digest: string;
  /** When that was last seen to be so, in milliseconds since 1970. */
  readonly learntAtMs: number;
  /** Whether a request by this digest has succeeded, after which an engine need not ask its registry. */
  readonly proven: boolean;
}

/**
 * Where known digests are kept. Everything is synchronous and nothing throws: what is no tag,
 * platform or digest is not kept and never found. A guard passes over a store that does otherwise,
 * and announces it once as a warning of the process.
 */
export interface DigestStore {
  /**
   * What is known of a tag.
   *
   * @param reference The tag; one without a tag stands for `latest`.
   * @param platform The platform, empty for the engine's own.
   */
  find(reference: string, platform: string): KnownDigest | undefined;
  /**
   * Keeps which digest a tag has now. Another digest than the one known replaces it and is not
   * proven; the same one is renewed and stays proven if it was.
   */
  remember(reference: string, platform: string, digest: string): void;
  /** Keeps that a request by this digest has succeeded, if it is still the one known of the tag. */
  prove(reference: string, platform: string, digest: string): void;
}

/** What {@link MemoryDigests} can be told. */
export interface MemoryDigestsOptions {
  /** How many digests are kept, from 1 to 1,000,000; the one learnt longest ago goes. Default: 10,000. */
  readonly maxEntries?: number | undefined;
  /** The wall time in milliseconds since 1970. Default: `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

const FIELDS = {
  maxEntries: numberField(10_000, SOME_CALLS),
  wallClock: functionField<() => number>(),
};

/**
 * Known digests of this process alone.
 *
 * @throws TypeError, RangeError for options that are none.
 */
export class MemoryDigests implements DigestStore {
  /** In the order in which they were learnt. */
  readonly #known = new Map<string, KnownDigest>();
  readonly #maxEntries: number;
  readonly #wallClock: () => number;

  constructor(options: MemoryDigestsOptions = {}) {
    const { maxEntries, wallClock } = readOptions("MemoryDigests", options, FIELDS);
    this.#maxEntries = maxEntries;
    this.#wallClock = wallClock ?? Date.now;
  }

  find(reference: string, platform: string): KnownDigest | undefined {
    const tag = tagReference(reference);
    return tag === undefined ? undefined : this.#known.get(keyOf(tag, platform));
  }

  remember(reference: string, platform: string, digest: string): void {
    const tag = tagReference(reference);
    if (tag === undefined || !isPlatform(platform) || !isDigest(digest)) return;
    const found = this.find(tag, platform);
    const proven = found?.digest === digest && found.proven;
    this.put({ reference: tag, platform, digest, learntAtMs: this.#wallClock(), proven });
  }

  prove(reference: string, platform: string, digest: string): void {
    const found = this.find(reference, platform);
    if (found === undefined || found.digest !== digest || found.proven) return;
    // Its place in the order is that of its learning, which a proof does not renew.
    this.#known.set(keyOf(found.reference, platform), { ...found, proven: true });
  }

  /** Takes an entry as it is, as the one learnt last. */
  put(known: KnownDigest): void {
    const key = keyOf(known.reference, known.platform);
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= this.#maxEntries) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest as string);
  }
}

/** By what an entry is found: a tag and a platform. */
export function keyOf(reference: string, platform: string): string {
  return `${reference} ${platform}`;
}

/**
 * What is known of a tag after two processes have learnt it: the digest that was seen last, proven
 * if one of them has proven it.
 */
export function mergeKnown(found: KnownDigest | undefined, mine: KnownDigest): KnownDigest {
  if (found === undefined) return mine;
  if (found.digest !== mine.digest) return mine.learntAtMs >= found.learntAtMs ? mine : found;
  return {
    ...mine,
    learntAtMs: Math.max(found.learntAtMs, mine.learntAtMs),
    proven: found.proven || mine.proven,
  };
}
