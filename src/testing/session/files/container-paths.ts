/** Which absolute paths belong to a container, and how they read on the host. Pure text. */

import { posix } from "node:path";

/** An absolute path without `.` and `..`, read from `workdir` when it is relative. */
export function absolutePath(path: string, workdir: string): string {
  return posix.resolve("/", workdir, path);
}

/**
 * The path that a container owns once `path` was created in it: the topmost folder on the way that
 * the host does not have. So `/src/a.txt` makes `/src` the container's, and `/etc/app.conf` only
 * itself.
 */
export function claimOf(path: string, existsOnHost: (path: string) => boolean): string {
  const parts = path.split("/").filter((part) => part !== "");
  for (let length = 1; length < parts.length; length += 1) {
    const folder = `/${parts.slice(0, length).join("/")}`;
    if (!existsOnHost(folder)) return folder;
  }
  return path;
}

/** Whether `path` is one of the container's own. */
export function isClaimed(path: string, claims: readonly string[]): boolean {
  return claims.some((claim) => path === claim || path.startsWith(`${claim}/`));
}

// What may stand before a path: nothing, what is no part of a path or word, `file://`, or an
// option's letter as in `-I/src`.
const BEFORE = String.raw`(?<=^|[^\w./-]|\bfile://|(?:^|[\s"'=])-[A-Za-z])`;
const AFTER = String.raw`(?![\w-]|\.[\w.])`;

/** Puts `root` before each of the container's own paths in a text. */
export function toHostPaths(text: string, claims: readonly string[], root: string): string {
  const own = claims.filter((claim) => claim !== "/");
  if (own.length === 0) return text;
  const longestFirst = [...own].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const pattern = new RegExp(`${BEFORE}(?:${longestFirst.join("|")})${AFTER}`, "g");
  return text.replace(pattern, (path) => root + path);
}

/** Takes `root` away from the paths in a text. */
export function toContainerPaths(text: string, root: string): string {
  const pattern = new RegExp(`${escapeForRegExp(root)}(/?)`, "g");
  return text.replace(pattern, () => "/");
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
