/** Says in words which digests are known. */

import type { KnownDigest } from "../../guard/digests/known-digests.js";
import type { LockedImage } from "../../guard/digests/lock-document.js";
import { type Paint, tableLines } from "../terminal.js";
import { ageText } from "../time-words.js";

/** The table that `digests` prints. */
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

/** What a lock file of Dagger has of images. */
export interface LockedImages {
  readonly file: string;
  readonly images: readonly LockedImage[];
}

/** The table of locked images, which no engine that holds them asks a registry for. */
export function lockLines({ file, images }: LockedImages, paint: Paint): string[] {
  const rows = images.map(({ reference, platform, digest }) => [
    reference,
    platform === "" ? "any" : platform,
    digest,
  ]);
  const [head = "", ...lines] = tableLines([["LOCKED", "PLATFORM", "DIGEST"], ...rows]);
  return [`Locked by ${file}:`, paint.bold(head), ...lines];
}

/** A number of digests. */
export function countText(count: number): string {
  return count === 1 ? "1 digest" : `${count} digests`;
}
