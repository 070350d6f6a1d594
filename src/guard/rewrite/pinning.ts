/**
 * Replaces tags in requests with known digests, and learns digests from the engine. An engine that has used
 * an image by digest can run it while its registry is down.
 */

import type { GraphQLRequest, SessionResponse } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { NamedUpstream, ReadRequest } from "../../attribution/query/named-upstream.js";
import { askUser } from "../../breaker/announce.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { warnOnce } from "../../options/warn-once.js";
import { BoundedMap } from "../bounded-map.js";
import { CheckedDigests } from "../digests/checked-digests.js";
import { type DigestStore, type KnownDigest, keyOf } from "../digests/known-digests.js";
import { isDigest, tagReference } from "../digests/references.js";
import { countsFor, guardCountsOf } from "../guard-counts.js";
import type { Locks } from "../locks/locked-pulls.js";
import type { UpstreamBreakers } from "../upstream-breakers.js";
import { withAddresses } from "./addresses.js";

/** The argument of `pin.onUse`: an image that is requested by a known digest. */
export interface PinnedEvent {
  /** The tag in the pipeline, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The requested platform. Empty if the pipeline requested no platform. */
  readonly platform: string;
  readonly digest: string;
  /** The time in milliseconds since the tag was last seen with this digest. */
  readonly ageMs: number;
}

/** The most digests that a guard remembers to have written into requests. */
const MAX_WRITTEN = 10_000;

/** After one request, the engine is asked for the digests of at most this many images. */
const MAX_QUESTIONS = 20;

/**
 * Returns how many images of a registry were requested by a known digest instead of their tag.
 *
 * @param breaker The breaker of the registry, such as `guardRegistry.get("registry:docker.io")`.
 * @returns A count that never decreases; 0 without the option `pin`.
 */
export function pinnedImageCount(breaker: CircuitBreaker): number {
  return guardCountsOf(breaker)?.pinnedImages ?? 0;
}

/** A request after known digests have replaced its tags. */
export interface PinnedRequest {
  readonly read: ReadRequest;
  /** The digests that replaced tags, by new reference and platform. */
  readonly digests: ReadonlyMap<string, KnownDigest>;
}

/** Decides which tags are replaced with digests, and keeps the store of digests up to date. */
export class Pinning {
  /** The digests written into requests so far, by new reference and platform. */
  readonly #written = new BoundedMap<string, KnownDigest>(MAX_WRITTEN);
  readonly #store: DigestStore;
  readonly #maxAgeMs: number;
  readonly #onUse: ((event: PinnedEvent) => unknown) | undefined;

  constructor(
    store: DigestStore,
    maxAgeMs: number,
    onUse: ((event: PinnedEvent) => unknown) | undefined,
  ) {
    this.#store = new CheckedDigests(store);
    this.#maxAgeMs = maxAgeMs;
    this.#onUse = onUse;
  }

  /**
   * Replaces tags with digests that are recent enough. A request that publishes keeps its tags, so that the
   * published image is current. A locked tag is kept, because the engine uses the digest in the lock file.
   */
  pin(read: ReadRequest, locks: Locks): PinnedRequest {
    const digests = new Map<string, KnownDigest>();
    const addresses = new Map<string, string>();
    if (read.sideEffects.has("publish")) return { read, digests };
    for (const [reference, platforms] of this.#fresh(read.named, locks)) {
      for (const known of platforms) {
        const address = `${known.reference}@${known.digest}`;
        addresses.set(reference, address);
        const key = keyOf(address, known.platform);
        digests.set(key, known);
        this.#written.set(key, known);
      }
    }
    if (digests.size === 0) return { read, digests };
    return { read: withAddresses(read, addresses), digests };
  }

  /** Reports the replaced tags: one event and one count for each tag, and one warning for each digest. */
  announce({ digests }: PinnedRequest, breakers: UpstreamBreakers): void {
    for (const { reference, platform, digest, learntAtMs } of digests.values()) {
      const ageMs = Math.max(0, Date.now() - learntAtMs);
      const [host = ""] = reference.split("/", 1);
      const breaker = breakers.upstream(breakerName("registry", host));
      if (breaker !== undefined) countsFor(breaker).pinnedImages += 1;
      const event: PinnedEvent = { reference, platform, digest, ageMs };
      askUser(
        this,
        "the guard",
        "onUse",
        () => this.#onUse?.(event),
        () => undefined,
      );
      const ageS = Math.round(ageMs / 1000);
      warnOnce(
        "digest-used",
        `${reference} is requested by its digest ${digest}, learned ${ageS} s ago`,
        reference + digest,
        Pinning,
      );
    }
  }

  /**
   * Returns whether the guard has replaced an image's tag with a digest that no request is known to have
   * used. If so, the engine still contacts the registry.
   */
  mustBeAsked(reference: string, platform: string): boolean {
    const written = this.#written.get(keyOf(reference, platform));
    if (written === undefined) return false;
    const known = this.#store.find(written.reference, written.platform);
    return known?.digest !== written.digest || !known.proven;
  }

  /**
   * Returns whether a tag will be replaced with the digest of an image that the engine already has.
   * The engine then does not contact the registry.
   */
  avoidsRequest(reference: string, platform: string): boolean {
    const known = this.#store.find(reference, platform);
    return known?.proven === true && this.#isFresh(known, undefined);
  }

  /**
   * Records that the contents of these images were used. After that, the engine need not contact the
   * registry for their digests.
   */
  prove(images: readonly NamedUpstream[]): void {
    for (const { upstream, image } of images) {
      const written = this.#written.get(keyOf(upstream.reference, image?.platform ?? ""));
      if (written === undefined) continue;
      this.#store.prove(written.reference, written.platform, written.digest);
    }
  }

  /**
   * Asks the engine for the digests of tags that a request has just used. The engine answers from this
   * session, without the registry.
   *
   * @param ask Sends a question in the same session. If the question fails, the promise rejects, and no
   * further digests are learned.
   */
  async learn(
    images: readonly NamedUpstream[],
    ask: (question: GraphQLRequest) => Promise<SessionResponse>,
  ): Promise<void> {
    for (const { upstream, image } of images.slice(0, MAX_QUESTIONS)) {
      if (image === undefined) continue;
      const digest = digestIn(await ask(questionFor(image)));
      if (digest !== undefined) this.#store.remember(upstream.reference, image.platform, digest);
    }
  }

  /**
   * Returns the recent digests of the tags in a request. A tag whose platforms have different digests is
   * left out.
   */
  #fresh(
    named: readonly NamedUpstream[],
    locks: Locks,
  ): ReadonlyMap<string, readonly KnownDigest[]> {
    const fresh = new Map<string, KnownDigest[]>();
    const ambiguous = new Set<string>();
    for (const one of named) {
      const { upstream, image } = one;
      if (image === undefined || upstream.pinned) continue;
      const { reference } = upstream;
      const isLocked = locks.digestOf(one) !== undefined;
      const known = isLocked ? undefined : this.#store.find(reference, image.platform);
      const platforms = fresh.get(reference) ?? [];
      if (known !== undefined && this.#isFresh(known, platforms[0])) {
        fresh.set(reference, [...platforms, known]);
      } else ambiguous.add(reference);
    }
    for (const reference of ambiguous) fresh.delete(reference);
    return fresh;
  }

  /**
   * Returns whether a digest is recent. If another platform has a digest, the two must also be equal. A
   * time far in the future, from a wrong clock, counts as too old. Otherwise the digest would never expire.
   */
  #isFresh({ digest, learntAtMs }: KnownDigest, other: KnownDigest | undefined): boolean {
    const isYoung = Math.abs(Date.now() - learntAtMs) <= this.#maxAgeMs;
    return isYoung && (other === undefined || other.digest === digest);
  }
}

/** Returns the images of `from` with a tag. Only their digests can be learned from a request. */
export function tagsOf({ named }: ReadRequest): NamedUpstream[] {
  return named.filter(
    ({ upstream, image }) =>
      image !== undefined && !upstream.pinned && tagReference(upstream.reference) !== undefined,
  );
}

function questionFor({ address, platform }: NonNullable<NamedUpstream["image"]>): GraphQLRequest {
  const asked = platform === "" ? "" : `(platform: ${JSON.stringify(platform)})`;
  return {
    query: `{ container${asked} { from(address: ${JSON.stringify(address)}) { imageRef } } }`,
  };
}

/**
 * Returns the digest in an answer. The name before the digest is not used, because it may be another
 * repository with the same content.
 */
function digestIn({ status, body }: SessionResponse): string | undefined {
  if (status !== 200) return undefined;
  try {
    const answer = typeof body === "string" ? JSON.parse(body) : body;
    const reference: unknown = answer?.data?.container?.from?.imageRef;
    const digest = typeof reference === "string" ? reference.split("@").at(-1) : undefined;
    return digest !== undefined && isDigest(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}
