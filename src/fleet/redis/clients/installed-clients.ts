/** Loads the clients of Redis that are installed beside this package. */

/**
 * The names stand in imports as they are, inside of `try`: bundlers then take a client in where it is installed, and
 * leave the import alone where it is not.
 */
export async function installedNodeRedis() {
  try {
    return await import("@redis/client");
  } catch (error) {
    return undefinedIfMissing("@redis/client", error);
  }
}

/** The same for ioredis. */
export async function installedIoredis() {
  try {
    return await import("ioredis");
  } catch (error) {
    return undefinedIfMissing("ioredis", error);
  }
}

/** Throws the error of an import again, unless it says that this very package is not there. */
function undefinedIfMissing(name: string, error: unknown): undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  if (!isMissing || !String(message).includes(`'${name}'`)) throw error;
}
