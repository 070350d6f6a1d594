/** Resolves a path inside a folder as in a container: the folder is the root for absolute links. */

import { readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { EngineError, errorCode, systemErrorText } from "../faults/wire-errors.js";

const MOST_LINKS = 40;

/**
 * Returns the real path of `path` inside `folder`. Neither `..` nor a link leaves the folder. Parts that do
 * not exist stay as they are.
 *
 * @param last Whether to follow a link in the last part of the path.
 * @throws EngineError if links form a loop.
 */
export async function placeIn(
  folder: string,
  path: string,
  last: "followed" | "kept" = "followed",
): Promise<string> {
  const rest = partsOf(posix.resolve("/", path));
  let place: string[] = [];
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === "..") {
      place.pop();
      continue;
    }
    const follows = rest.length > 0 || last === "followed";
    const link = follows ? await linkAt(join(folder, ...place, part)) : undefined;
    if (link === undefined) {
      place.push(part);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) {
      throw new EngineError(`open ${path}: ${systemErrorText({ code: "ELOOP" })}`, {
        traced: true,
      });
    }
    if (link.startsWith("/")) place = [];
    rest.unshift(...partsOf(link.startsWith(`${folder}/`) ? link.slice(folder.length) : link));
  }
  return join(folder, ...place);
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

async function linkAt(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // The path exists but is not a link, does not exist, or lies below a file. If that is a problem, the
    // later write reports it.
    if (["EINVAL", "ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
