/**
 * Reads the images in a lock file of Dagger. The engine resolves such a tag to the digest beside
 * it, without a request to its registry.
 */

import { isDigest, isPlatform, tagReference } from "../digests/references.js";

/** The digest of a tag in a lock file. */
export interface LockedImage {
  /** The full tag, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The platform of the entry; empty for every platform, as in newer files. */
  readonly platform: string;
  readonly digest: string;
}

/** The first lines of the known formats: with and without a policy in each entry. */
const VERSIONS: ReadonlySet<unknown> = new Set(["1", "2"]);

/** The names of image entries, oldest first. */
const IMAGE_OPERATIONS: ReadonlySet<unknown> = new Set(["container.from", "oci-sha"]);

/** An engine also reads a longer file, but a guard would have to read it after each change. */
export const MAX_LOCK_BYTES = 4 * 1024 * 1024;

/**
 * Reads the text of a lock file: one JSON array per line, the version first, with `#` lines and
 * blank lines anywhere. Entries of git and of later kinds are skipped; the last of equal entries
 * counts.
 *
 * @returns Undefined for an unknown format: then nothing counts as locked.
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
  // The engine starts from an empty file.
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
 * Returns the entry that an engine uses for a tag.
 *
 * @param platform The requested platform. Empty means the engine's own, which is unknown here, so
 * an entry of any platform counts.
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

/** `[["version","2"]]` */
function isVersion([pair]: readonly unknown[]): boolean {
  return Array.isArray(pair) && pair[0] === "version" && VERSIONS.has(pair[1]);
}

/** `[NAMESPACE, OPERATION, INPUTS, VALUE]`, and a policy in files of the first version. */
function imageOf([namespace, operation, inputs, digest]: readonly unknown[]):
  | LockedImage
  | undefined {
  if (namespace !== "" || !IMAGE_OPERATIONS.has(operation) || !Array.isArray(inputs)) {
    return undefined;
  }
  const [address, second] = inputs as readonly unknown[];
  // Options follow the required inputs, as a list of pairs.
  const platform = typeof second === "string" ? second : "";
  if (typeof address !== "string" || typeof digest !== "string") return undefined;
  const reference = tagReference(address);
  if (reference === undefined || !isPlatform(platform) || !isDigest(digest)) return undefined;
  return { reference, platform, digest };
}
