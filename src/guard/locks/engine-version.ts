/** Decides which versions of the engine take the digests of tags from lock files. */

/** The first one that does so by default: 1.0.0-beta.10. */
const FIRST_BETA = 10;

const VERSION = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-([0-9A-Za-z.-]{1,100}))?(?:\+|$)/;

/**
 * Returns whether an engine may know the digest of a tag without a request to its registry. An
 * engine with an unreadable version, such as a custom build, counts as an older one.
 */
export function readsLocks(version: string): boolean {
  const [, major, , , stage] = VERSION.exec(version) ?? [];
  if (major === undefined || Number(major) < 1) return false;
  if (Number(major) > 1 || !/^v?1\.0\.0-/.test(version)) return true;
  const [name = "", number] = stage?.split(".") ?? [];
  if (name === "alpha") return false;
  return name !== "beta" || Number(number) >= FIRST_BETA;
}
