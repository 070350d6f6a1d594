/**
 * The digests that tags had: the port through which a guard reads them, and its version in memory.
 */

import { functionField, numberField, readOptions, SOME_CALLS } from "../../options/check.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

/** The digest of a tag when an engine last used it. */
export interface KnownDigest {
  /** The full tag, such as `docker.io/library/alpine:3.20`; `:latest` if none was written. */
  readonly reference: string;
  /** The requested platform, such as `linux/arm64`; empty for the engine's own. */
  readonly platform: string;
  /**
   * The digest: `sha256:` and 64 hexadecimal digits. For an image of many platforms it is the
   * index's.
   */
  readonly digest: string;
  /** When the tag was last seen with it, in milliseconds since 1970. */
  readonly learntAtMs: number;
  /**
   * Whether a request by this digest has succeeded, after which an engine need not contact its
   * registry.
   */
  readonly proven: boolean;
}

/**
 * A store of known digests. Everything is synchronous and nothing throws. An invalid tag, platform
 * or digest is not stored and never found. A guard ignores errors of a store, with one warning of
 * the process.
 */
export interface DigestStore {
  /**
   * Returns the known digest of a tag.
   *
   * @param reference The tag; without one it means `latest`.
   * @param platform The platform, empty for the engine's own.
   */
  find(reference: string, platform: string): KnownDigest | undefined;
  /**
   * Stores the current digest of a tag. A new digest replaces the known one and is not proven; the
   * same one is renewed and stays proven.
   */
  remember(reference: string, platform: string, digest: string): void;
  /**
   * Stores that a request by this digest has succeeded, if it is still the known one of the tag.
   */
  prove(reference: string, platform: string, digest: string): void;
}

/** The options of {@link MemoryDigests}. */
export interface MemoryDigestsOptions {
  /**
   * The most digests, from 1 to 1,000,000; the one learned longest ago is dropped. Default: 10,000.
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
 * Known digests of this process only.
 *
 * @throws TypeError, RangeError for invalid options.
 */
export class MemoryDigests implements DigestStore {
  /** In the order in which they were learned. */
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
    // Its position is that of its learning, which a proof does not renew.
    this.#known.set(keyOf(found.reference, platform), { ...found, proven: true });
  }

  /** Stores an entry unchanged, as the one learned last. */
  put(known: KnownDigest): void {
    const key = keyOf(known.reference, known.platform);
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= this.#maxEntries) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest as string);
  }
}

/** Returns the key of an entry: a tag and a platform. */
export function keyOf(reference: string, platform: string): string {
  return `${reference} ${platform}`;
}

/**
 * Merges the knowledge of two processes about a tag: the digest seen last, proven if one of them
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
