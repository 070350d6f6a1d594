/**
 * Stores the digests that a guard knows for tags. This file contains the interface of a store, and a store
 * in memory.
 */

import { functionField, numberField, readOptions, SOME_CALLS } from "../../options/check.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

/** The digest that a tag had when an engine last used it. */
export interface KnownDigest {
  /**
   * The full reference of the tag, such as `docker.io/library/alpine:3.20`. A reference without a tag gets
   * `:latest`.
   */
  readonly reference: string;
  /** The requested platform, such as `linux/arm64`. Empty if the pipeline requested no platform. */
  readonly platform: string;
  /**
   * The digest: `sha256:` and 64 hexadecimal digits, or `sha512:` and 128. For an image with several
   * platforms, it is the digest of the index.
   */
  readonly digest: string;
  /** The time at which an engine last saw the tag with this digest, in milliseconds since 1970. */
  readonly learntAtMs: number;
  /**
   * Whether a request by this digest has succeeded. If so, an engine has the image and need not contact the
   * registry.
   */
  readonly proven: boolean;
}

/**
 * A store of known digests. All methods are synchronous and do not throw. Invalid tags, platforms and
 * digests are not stored. A guard ignores the errors of a store, and warns once.
 */
export interface DigestStore {
  /**
   * Returns the known digest of a tag, or undefined if it is unknown.
   *
   * @param reference The reference of the image. Without a tag, it means `latest`.
   * @param platform The platform. Empty if the pipeline requested no platform.
   */
  find(reference: string, platform: string): KnownDigest | undefined;
  /**
   * Stores the current digest of a tag. A different digest replaces the stored digest, and is not proven.
   * If the digest is the same, only its time is renewed, and it stays proven.
   */
  remember(reference: string, platform: string, digest: string): void;
  /**
   * Records that a request by this digest has succeeded. Has no effect if the store now has another digest
   * for the tag.
   */
  prove(reference: string, platform: string, digest: string): void;
}

/** The options of {@link MemoryDigests}. */
export interface MemoryDigestsOptions {
  /**
   * The most digests, from 1 to 1,000,000. If there are more, the digest that was learned longest ago is
   * dropped. Default: 10,000.
   */
  readonly maxEntries?: number | undefined;
  /** Returns the wall time in milliseconds since 1970. Default: `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

const FIELDS = {
  maxEntries: numberField(10_000, SOME_CALLS),
  wallClock: functionField<() => number>(),
};

/**
 * A store of known digests in memory, for this process only.
 *
 * @throws TypeError or RangeError for invalid options.
 */
export class MemoryDigests implements DigestStore {
  /** The digests in the order in which they were learned. */
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
    // Replace the entry in place. A proof must not change the order in which digests were learned.
    this.#known.set(keyOf(found.reference, platform), { ...found, proven: true });
  }

  /** Stores an entry unchanged, and makes it the entry that was learned last. */
  put(known: KnownDigest): void {
    const key = keyOf(known.reference, known.platform);
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= this.#maxEntries) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest as string);
  }
}

export function keyOf(reference: string, platform: string): string {
  return `${reference} ${platform}`;
}

/**
 * Combines the knowledge of two processes about a tag. The digest that was seen last wins. A digest that
 * both have seen is proven if one of the processes has proven it.
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
