/** Converts absolute paths of a container to paths of the host, and back. It does no I/O. */

import { posix } from "node:path";

/** Returns an absolute path without `.` and `..`; a relative path starts at `workdir`. */
export function absolutePath(path: string, workdir: string): string {
  return posix.resolve("/", workdir, path);
}

/**
 * Returns the path that a container owns after `path` was created in it: its topmost folder that the host
 * does not have. So `/src/a.txt` makes it own `/src`, and `/etc/app.conf` only that file.
 */
export function claimOf(path: string, existsOnHost: (path: string) => boolean): string {
  const folders = stepsTo(path).slice(0, -1);
  return folders.find((folder) => !existsOnHost(folder)) ?? path;
}

/** Returns the folders on the way to an absolute path, the topmost first, and then the path itself. */
export function stepsTo(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

/** Returns whether the container owns `path`. */
export function isClaimed(path: string, claims: readonly string[]): boolean {
  return claims.some((claim) => path === claim || path.startsWith(`${claim}/`));
}

// Matches what may stand before a path: nothing, a character that is not part of a path or word, `file://`,
// or an option's letter as in `-I/src`.
const BEFORE = String.raw`(?<=^|[^\w./-]|\bfile://|(?:^|[\s"'=])-[A-Za-z])`;
const AFTER = String.raw`(?![\w-]|\.[\w.])`;

/** Puts `root` before each path in a text that the container owns. */
export function toHostPaths(text: string, claims: readonly string[], root: string): string {
  const own = claims.filter((claim) => claim !== "/");
  if (own.length === 0) return text;
  const longestFirst = [...own].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const pattern = new RegExp(`${BEFORE}(?:${longestFirst.join("|")})${AFTER}`, "g");
  return text.replace(pattern, (path) => root + path);
}

/** Removes `root` before the paths in a text. */
export function toContainerPaths(text: string, root: string): string {
  const pattern = new RegExp(`${escapeForRegExp(root)}(/?)`, "g");
  return text.replace(pattern, () => "/");
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
