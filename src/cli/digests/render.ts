/** Renders known digests in words. */

import type { KnownDigest } from "../../guard/digests/known-digests.js";
import type { LockedImage } from "../../guard/locks/lock-document.js";
import { type Paint, tableLines } from "../terminal.js";
import { ageText } from "../time-words.js";

/** Returns the table that `digests` prints. */
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

/** The images in a lock file of Dagger. */
export interface LockedImages {
  readonly file: string;
  readonly images: readonly LockedImage[];
}

/** Returns the table of locked images. An engine that holds them asks no registry. */
export function lockLines({ file, images }: LockedImages, paint: Paint): string[] {
  const rows = images.map(({ reference, platform, digest }) => [
    reference,
    platform === "" ? "any" : platform,
    digest,
  ]);
  const [head = "", ...lines] = tableLines([["LOCKED", "PLATFORM", "DIGEST"], ...rows]);
  return [`Locked by ${file}:`, paint.bold(head), ...lines];
}

/** Renders a number of digests. */
export function countText(count: number): string {
  return count === 1 ? "1 digest" : `${count} digests`;
}
