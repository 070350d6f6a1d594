/** Loads the Redis clients that are installed beside this package. */

/**
 * Imports `@redis/client`. Returns undefined if it is not installed. Keep the package name as a
 * literal inside `try`. Only then do bundlers include an installed client, and accept a missing
 * one.
 */
export async function installedNodeRedis() {
  try {
    return await import("@redis/client");
  } catch (error) {
    return undefinedIfMissing("@redis/client", error);
  }
}

/** Imports `ioredis`. Returns undefined if it is not installed. */
export async function installedIoredis() {
  try {
    return await import("ioredis");
  } catch (error) {
    return undefinedIfMissing("ioredis", error);
  }
}

/**
 * Returns undefined if an import failed because the package `name` is not installed. Rethrows any
 * other error.
 */
function undefinedIfMissing(name: string, error: unknown): undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  if (!isMissing || !String(message).includes(`'${name}'`)) throw error;
}
