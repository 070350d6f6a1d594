/** The store of digests that a guard knows for tags: its interface, and an implementation in memory. */

import { functionField, numberField, readOptions, SOME_CALLS } from "../../options/check.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

/** The digest that a tag had when an engine last used it. */
export interface KnownDigest {
  /** The full tag, such as `docker.io/library/alpine:3.20`; `:latest` if none was written. */
  readonly reference: string;
  /** The requested platform, such as `linux/arm64`; empty if the pipeline requested none. */
  readonly platform: string;
  /**
   * The digest: `sha256:` and 64 hexadecimal digits. For an image with several platforms, it is the digest
   * of the index.
   */
  readonly digest: string;
  /** When an engine last saw the tag with this digest, in milliseconds since 1970. */
  readonly learntAtMs: number;
  /**
   * Whether a request by this digest has succeeded. An engine then has the image and need not contact its
   * registry.
   */
  readonly proven: boolean;
}

/**
 * A store of known digests. All functions are synchronous and do not throw. Invalid tags, platforms and
 * digests are not stored. A guard ignores errors of a store and gives one warning.
 */
export interface DigestStore {
  /**
   * Returns the known digest of a tag.
   *
   * @param reference The tag; without one it means `latest`.
   * @param platform The platform; empty if the pipeline requested none.
   */
  find(reference: string, platform: string): KnownDigest | undefined;
  /**
   * Stores the current digest of a tag. A new digest replaces the old one and is not proven. If it is the
   * same digest, its time is renewed and it stays proven.
   */
  remember(reference: string, platform: string, digest: string): void;
  /**
   * Records that a request by this digest has succeeded. It has no effect if the tag has another digest by
   * now.
   */
  prove(reference: string, platform: string, digest: string): void;
}

/** The options of {@link MemoryDigests}. */
export interface MemoryDigestsOptions {
  /**
   * The most digests, from 1 to 1,000,000. Beyond that, the one learned longest ago is dropped. Default:
   * 10,000.
   */
  readonly maxEntries?: number | undefined;
  /** The wall time in milliseconds since 1970. Default: `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

const FIELDS = {
  maxEntries: numberField(10_000, SOME_CALLS),
  wallClock: functionField<() => number>(),
};

/**
 * A store of known digests in memory, for this process only.
 *
 * @throws TypeError, RangeError for invalid options.
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
    // Sets the entry in place: a proof must not make it count as learned last.
    this.#known.set(keyOf(found.reference, platform), { ...found, proven: true });
  }

  /** Stores an entry unchanged, as the one that was learned last. */
  put(known: KnownDigest): void {
    const key = keyOf(known.reference, known.platform);
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= this.#maxEntries) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest as string);
  }
}

/** Returns the key of a tag and a platform. */
export function keyOf(reference: string, platform: string): string {
  return `${reference} ${platform}`;
}

/**
 * Combines what two processes know about a tag: the digest that was seen last, and proven if one of them
 * has proven it.
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
