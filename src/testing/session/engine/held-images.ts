/** The engine's memory of images, which outlives the sessions that used them. */

import { digestOf, type ImageReference } from "../registry/references.js";

/** The images of one engine. */
export class HeldImages {
  readonly #digestByTag = new Map<string, string>();
  readonly #met = new Set<string>();
  readonly #usedByDigest = new Set<string>();
  readonly #manifests = new Set<string>();
  readonly #described = new Set<string>();
  readonly #contents = new Set<string>();

  /** Returns the digest of an image: its own, or the fixed one of its tag. */
  digestOf({ domain, repository, tag, digest }: ImageReference): string {
    const name = `${domain}/${repository}:${tag}`;
    return digest ?? this.#digestByTag.get(name) ?? digestOf(name);
  }

  /**
   * Returns whether a registry does not have an image. Of a used tag, only the digests already seen
   * exist. Of an unused tag nothing is known, so any digest is accepted.
   */
  isUnknown(reference: ImageReference): boolean {
    const { domain, repository, tag, digest } = reference;
    if (digest === undefined || !reference.full.includes(`:${tag}@`)) return false;
    return this.#digestByTag.has(`${domain}/${repository}:${tag}`) && !this.hasMet(reference);
  }

  /** Records the digest of a tag, or a digest of its repository. */
  meet(reference: ImageReference, digest: string): void {
    const { domain, repository, tag } = reference;
    this.#met.add(`${domain}/${repository}@${digest}`);
    if (reference.digest === undefined) {
      this.#digestByTag.set(`${domain}/${repository}:${tag}`, digest);
    }
  }

  /** Returns whether a digest of that repository was seen, with or without its tag. */
  hasMet({ domain, repository, digest }: ImageReference): boolean {
    return this.#met.has(`${domain}/${repository}@${digest}`);
  }

  /** Records that an image was used by its digest. */
  useByDigest({ domain, repository }: ImageReference, digest: string): void {
    this.#usedByDigest.add(`${domain}/${repository}@${digest}`);
  }

  /** Returns whether an image was used by its digest. If so, no registry is asked for it again. */
  wasUsedByDigest({ domain, repository }: ImageReference, digest: string): boolean {
    return this.#usedByDigest.has(`${domain}/${repository}@${digest}`);
  }

  /** Records that the manifest of an image is present. */
  keepManifest(digest: string): void {
    this.#manifests.add(digest);
  }

  hasManifest(digest: string): boolean {
    return this.#manifests.has(digest);
  }

  /** Records that the manifest and the configuration of an image are present. */
  describe(digest: string): void {
    this.keepManifest(digest);
    this.#described.add(digest);
  }

  isDescribed(digest: string): boolean {
    return this.#described.has(digest);
  }

  /** Records that the layers of an image are present. */
  hold(digest: string): void {
    this.#contents.add(digest);
  }

  holds(digest: string): boolean {
    return this.#contents.has(digest);
  }
}
