/** What an engine remembers of images, beyond the sessions that used them. */

import { digestOf, type ImageReference } from "../registry/references.js";

/** The images of one engine. */
export class HeldImages {
  readonly #digestByTag = new Map<string, string>();
  readonly #met = new Set<string>();
  readonly #usedByDigest = new Set<string>();
  readonly #manifests = new Set<string>();
  readonly #described = new Set<string>();
  readonly #contents = new Set<string>();

  /** The digest of an image: the one that it states, else the one that its tag always has. */
  digestOf({ domain, repository, tag, digest }: ImageReference): string {
    const name = `${domain}/${repository}:${tag}`;
    return digest ?? this.#digestByTag.get(name) ?? digestOf(name);
  }

  /**
   * Whether an image is one that its registry does not have: of a tag that was met, only the digests
   * that were met are known. Of any other tag nothing is known, so any digest is taken.
   */
  isUnknown(reference: ImageReference): boolean {
    const { domain, repository, tag, digest } = reference;
    if (digest === undefined || !reference.full.includes(`:${tag}@`)) return false;
    return this.#digestByTag.has(`${domain}/${repository}:${tag}`) && !this.hasMet(reference);
  }

  /** Notes what a tag is, or that a digest is one of its repository. */
  meet(reference: ImageReference, digest: string): void {
    const { domain, repository, tag } = reference;
    this.#met.add(`${domain}/${repository}@${digest}`);
    if (reference.digest === undefined) {
      this.#digestByTag.set(`${domain}/${repository}:${tag}`, digest);
    }
  }

  /** Whether a digest of that repository was met, by its tag or by itself. */
  hasMet({ domain, repository, digest }: ImageReference): boolean {
    return this.#met.has(`${domain}/${repository}@${digest}`);
  }

  /** Notes that an image was used by its digest. */
  useByDigest({ domain, repository }: ImageReference, digest: string): void {
    this.#usedByDigest.add(`${domain}/${repository}@${digest}`);
  }

  /** Whether an image was used by its digest: then no registry is asked for it any more. */
  wasUsedByDigest({ domain, repository }: ImageReference, digest: string): boolean {
    return this.#usedByDigest.has(`${domain}/${repository}@${digest}`);
  }

  /** Notes that the manifest of an image is there. */
  keepManifest(digest: string): void {
    this.#manifests.add(digest);
  }

  /** Whether it is. */
  hasManifest(digest: string): boolean {
    return this.#manifests.has(digest);
  }

  /** Notes that the manifest and the configuration of an image are there. */
  describe(digest: string): void {
    this.keepManifest(digest);
    this.#described.add(digest);
  }

  /** Whether they are. */
  isDescribed(digest: string): boolean {
    return this.#described.has(digest);
  }

  /** Notes that the layers of an image are there. */
  hold(digest: string): void {
    this.#contents.add(digest);
  }

  /** Whether they are. */
  holds(digest: string): boolean {
    return this.#contents.has(digest);
  }
}
