/** Loads the Redis clients that are installed beside this package. */

/**
 * Imports are literal names inside `try`: bundlers then include an installed client, and leave the
 * import in place for a missing one.
 */
export async function installedNodeRedis() {
  try {
    return await import("@redis/client");
  } catch (error) {
    return undefinedIfMissing("@redis/client", error);
  }
}

/** Does the same for ioredis. */
export async function installedIoredis() {
  try {
    return await import("ioredis");
  } catch (error) {
    return undefinedIfMissing("ioredis", error);
  }
}

/** Rethrows an import error, unless it reports that this package is missing. */
function undefinedIfMissing(name: string, error: unknown): undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  if (!isMissing || !String(message).includes(`'${name}'`)) throw error;
}
