/** Decides from the version of an engine whether the engine takes digests of tags from lock files. */

/** The first version that reads lock files by default is 1.0.0-beta.10. */
const FIRST_BETA = 10;

const VERSION = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-([0-9A-Za-z.-]{1,100}))?(?:\+|$)/;

/**
 * Returns whether an engine may take the digest of a tag from a lock file, without a request to the
 * registry. Returns false for an unreadable version, such as that of a custom build.
 */
export function readsLocks(version: string): boolean {
  const [, major, , , stage] = VERSION.exec(version) ?? [];
  if (major === undefined || Number(major) < 1) return false;
  if (Number(major) > 1 || !/^v?1\.0\.0-/.test(version)) return true;
  const [name = "", number] = stage?.split(".") ?? [];
  if (name === "alpha") return false;
  return name !== "beta" || Number(number) >= FIRST_BETA;
}
