/** Remembers which images the engine has. It outlives sessions. */

import { digestOf, type ImageReference } from "./references.js";

/** The images of one engine. */
export class HeldImages {
  readonly #digestByTag = new Map<string, string>();
  readonly #met = new Set<string>();
  readonly #usedByDigest = new Set<string>();
  /** The digests of the images whose manifest the engine has. */
  readonly manifests = new Set<string>();
  /** The digests of the images whose manifest and configuration the engine has. */
  readonly described = new Set<string>();
  /** The digests of the images whose layers the engine has. */
  readonly contents = new Set<string>();

  /** Returns the digest of an image: the one in its reference, or the fixed one of its tag. */
  digestOf({ domain, repository, tag, digest }: ImageReference): string {
    const name = `${domain}/${repository}:${tag}`;
    return digest ?? this.#digestByTag.get(name) ?? digestOf(name);
  }

  /**
   * Returns whether the registry does not have an image with this digest. For a tag that was used, only
   * digests seen with it exist. For any other tag, all digests are accepted.
   */
  isUnknown(reference: ImageReference): boolean {
    const { domain, repository, tag, digest } = reference;
    if (digest === undefined || !reference.full.includes(`:${tag}@`)) return false;
    return this.#digestByTag.has(`${domain}/${repository}:${tag}`) && !this.hasMet(reference);
  }

  /** Records that a tag, or its repository, has this digest. */
  meet(reference: ImageReference, digest: string): void {
    const { domain, repository, tag } = reference;
    this.#met.add(`${domain}/${repository}@${digest}`);
    if (reference.digest === undefined) {
      this.#digestByTag.set(`${domain}/${repository}:${tag}`, digest);
    }
  }

  /** Returns whether this digest was seen in this repository, with any tag or none. */
  hasMet({ domain, repository, digest }: ImageReference): boolean {
    return this.#met.has(`${domain}/${repository}@${digest}`);
  }

  /** Records that an image was used by its digest. */
  useByDigest({ domain, repository }: ImageReference, digest: string): void {
    this.#usedByDigest.add(`${domain}/${repository}@${digest}`);
  }

  /** Returns whether an image was used by its digest. The engine then does not ask the registry again. */
  wasUsedByDigest({ domain, repository }: ImageReference, digest: string): boolean {
    return this.#usedByDigest.has(`${domain}/${repository}@${digest}`);
  }
}
