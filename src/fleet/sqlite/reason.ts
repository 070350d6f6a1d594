/** Describes why SQLite or the file system failed. */

/**
 * Returns SQLite's own message, such as "file is not a database". For an error of the file system,
 * returns its code.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number") return `${error.message} (SQLite error ${errcode})`;
  return typeof code === "string" ? code : error.message;
}
