/** Reads the code of an error of Node.js, such as `ENOENT`. */

/** Returns the code of an error, for use in a message. An error may have none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === undefined ? "unknown reason" : String(code);
}
