/** Reads the code of an error of Node.js: `ENOENT`, `ECONNREFUSED`. */

/** Returns the code for a message; an error may have none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === undefined ? "unknown reason" : String(code);
}
