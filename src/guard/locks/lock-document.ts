/**
 * Parses a lock file of Dagger. For a tag in this file, the engine uses the locked digest, without a
 * request to the registry.
 */

import { isDigest, isPlatform, tagReference } from "../digests/references.js";

/** The locked digest of a tag. */
export interface LockedImage {
  /** The full tag, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The platform of the entry. Empty in newer files, where an entry is for all platforms. */
  readonly platform: string;
  readonly digest: string;
}

/** The versions of the known formats. In version 1, each entry also has a policy. */
const VERSIONS: ReadonlySet<unknown> = new Set(["1", "2"]);

/** The names of entries for images, in the older and in the newer format. */
const IMAGE_OPERATIONS: ReadonlySet<unknown> = new Set(["container.from", "oci-sha"]);

/**
 * The longest lock file that a guard reads, in bytes. Engines read longer ones, but a guard must read the
 * file again after each change.
 */
export const MAX_LOCK_BYTES = 4 * 1024 * 1024;

/**
 * Parses a lock file. Each line is a JSON array, and the first array contains the version. Comments with
 * `#` and blank lines may be anywhere. Entries of git and of unknown kinds are skipped. If two entries are
 * for the same image, the last entry counts.
 *
 * @returns The locked images. Undefined for an unknown format; then no image counts as locked.
 */
export function parseLock(text: string): readonly LockedImage[] | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const rows: (readonly unknown[])[] = [];
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const row = arrayIn(line);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  const [head, ...entries] = rows;
  // An engine accepts an empty file too.
  if (head === undefined) return [];
  if (!isVersion(head)) return undefined;
  const images = new Map<string, LockedImage>();
  for (const entry of entries) {
    const image = imageOf(entry);
    if (image !== undefined) images.set(`${image.reference} ${image.platform}`, image);
  }
  return [...images.values()];
}

/**
 * Returns the entry that the engine uses for a tag.
 *
 * @param platform The requested platform. If it is empty, the engine uses its own platform. This platform
 * is unknown here, so an entry of any platform counts.
 */
export function lockedImage(
  images: readonly LockedImage[],
  reference: string,
  platform: string,
): LockedImage | undefined {
  const tag = tagReference(reference);
  if (tag === undefined) return undefined;
  return images.find(
    (one) =>
      one.reference === tag &&
      (one.platform === "" || platform === "" || one.platform === platform),
  );
}

function arrayIn(line: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether the first line contains a known version, such as `[["version","2"]]`. */
function isVersion([pair]: readonly unknown[]): boolean {
  return Array.isArray(pair) && pair[0] === "version" && VERSIONS.has(pair[1]);
}

/**
 * Parses an entry of the form `[NAMESPACE, OPERATION, INPUTS, VALUE]`. In files of version 1, a policy
 * follows the value. Returns undefined if the entry is not a locked image.
 */
function imageOf([namespace, operation, inputs, digest]: readonly unknown[]):
  | LockedImage
  | undefined {
  if (namespace !== "" || !IMAGE_OPERATIONS.has(operation) || !Array.isArray(inputs)) {
    return undefined;
  }
  const [address, second] = inputs as readonly unknown[];
  // In newer files, the second input is a list of options instead of the platform.
  const platform = typeof second === "string" ? second : "";
  if (typeof address !== "string" || typeof digest !== "string") return undefined;
  const reference = tagReference(address);
  if (reference === undefined || !isPlatform(platform) || !isDigest(digest)) return undefined;
  return { reference, platform, digest };
}
