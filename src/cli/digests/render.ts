/** Renders known digests as tables. */

import type { KnownDigest } from "../../guard/digests/known-digests.js";
import type { LockedImage } from "../../guard/locks/lock-document.js";
import { type Paint, tableLines } from "../terminal.js";
import { ageText } from "../time-words.js";

/** Returns the table of `digests list`. */
export function digestLines(
  digests: readonly KnownDigest[],
  nowMs: number,
  paint: Paint,
): string[] {
  const rows = digests.map(({ reference, platform, digest, learntAtMs, proven }) => [
    reference,
    platform === "" ? "engine's" : platform,
    digest,
    ageText(nowMs - learntAtMs),
    proven ? "yes" : "no",
  ]);
  const [head = "", ...lines] = tableLines([
    ["REFERENCE", "PLATFORM", "DIGEST", "AGE", "PROVEN"],
    ...rows,
  ]);
  return [paint.bold(head), ...lines];
}

/** The images in Dagger's lock file, and the path of that file. */
export interface LockFileImages {
  readonly file: string;
  readonly images: readonly LockedImage[];
}

/**
 * Returns the table of images in Dagger's lock file. The engine asks no registry for such an image
 * if its cache contains the image.
 */
export function lockLines({ file, images }: LockFileImages, paint: Paint): string[] {
  const rows = images.map(({ reference, platform, digest }) => [
    reference,
    platform === "" ? "any" : platform,
    digest,
  ]);
  const [head = "", ...lines] = tableLines([["LOCKED", "PLATFORM", "DIGEST"], ...rows]);
  return [`Locked by ${file}:`, paint.bold(head), ...lines];
}

/** Renders a count, such as `1 digest` or `3 digests`. */
export function countText(count: number): string {
  return count === 1 ? "1 digest" : `${count} digests`;
}
