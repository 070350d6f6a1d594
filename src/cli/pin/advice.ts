/** Says for each image how to pin it, from the digests that are known. */

import type { KnownDigest } from "../../guard/digests/known-digests.js";
import { withDigest } from "./mention.js";
import type { FoundImage } from "./scan.js";

/** What is to be done about an image. */
export interface AdvisedImage extends FoundImage {
  readonly file: string;
  /** The digest to pin; null when the image is pinned, or none is known. */
  readonly digest: string | null;
  /** What to write instead; null likewise. */
  readonly write: string | null;
  /** When the digest was last seen to be that of the tag; null likewise. */
  readonly learntAtMs: number | null;
  /** Whether digests are known that differ by platform, none of them for the one asked for. */
  readonly differs: boolean;
}

/** Makes out what is to be said of images; `platform` is the one that counts where none is written. */
export function adviser(
  known: readonly KnownDigest[],
  platform: string,
): (file: string, image: FoundImage) => AdvisedImage {
  const byReference = new Map<string, KnownDigest[]>();
  for (const one of known) {
    const list = byReference.get(one.reference) ?? [];
    byReference.set(one.reference, [...list, one]);
  }
  return (file, image) => {
    const candidates = image.pinned ? [] : (byReference.get(image.reference) ?? []);
    const found = choose(candidates, image.platform || platform);
    return {
      file,
      ...image,
      digest: found?.digest ?? null,
      write: found === undefined ? null : withDigest(image.image, found.digest),
      learntAtMs: found?.learntAtMs ?? null,
      differs: found === undefined && candidates.length > 0,
    };
  };
}

/** The digest for a platform, or the one that all platforms share, as that of an index. */
function choose(candidates: readonly KnownDigest[], platform: string): KnownDigest | undefined {
  const exact = candidates.find((one) => one.platform === platform);
  if (exact !== undefined) return exact;
  const [first] = candidates;
  return candidates.every(({ digest }) => digest === first?.digest) ? first : undefined;
}
