/** Reads the code of an error of Node.js, such as `ENOENT`. */

/** Returns the code of an error for a message, or `unknown reason` if the error has no code. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === undefined ? "unknown reason" : String(code);
}
