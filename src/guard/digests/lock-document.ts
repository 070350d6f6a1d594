/**
 * Reads what a lock file of Dagger has of images. The engine resolves a tag that it finds there to the
 * digest beside it and asks no registry for that.
 */

import { isDigest, isPlatform, tagReference } from "./references.js";

/** The digest that a lock file has for a tag. */
export interface LockedImage {
  /** The tag in full, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The platform of the entry; empty for every platform, as newer files have it. */
  readonly platform: string;
  readonly digest: string;
}

/** The first lines of the forms that are known: with a policy behind each entry, and without. */
const VERSIONS: ReadonlySet<unknown> = new Set(["1", "2"]);

/** How entries of images are named, oldest first. */
const IMAGE_OPERATIONS: ReadonlySet<unknown> = new Set(["container.from", "oci-sha"]);

/** An engine would take a longer file as well; a guard that reads it for each change would not. */
export const MAX_LOCK_BYTES = 4 * 1024 * 1024;

/**
 * Reads the text of a lock file: one JSON array a line, the version first, `#` lines and empty ones
 * anywhere. Entries of git and of later kinds are passed over; the last of equal entries counts.
 *
 * @returns Undefined for what is not understood: then nothing is taken to be locked.
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
  // An empty file is what the engine starts from.
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
 * The entry that an engine takes for a tag.
 *
 * @param platform The platform asked for. Empty for the engine's own, which we do not know: then an
 * entry of any platform counts.
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
  // Options stand behind what is required, as a list of pairs.
  const platform = typeof second === "string" ? second : "";
  if (typeof address !== "string" || typeof digest !== "string") return undefined;
  const reference = tagReference(address);
  if (reference === undefined || !isPlatform(platform) || !isDigest(digest)) return undefined;
  return { reference, platform, digest };
}
