/** Where in a folder a path leads when links are read as in a container whose root the folder is. */

import { readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { EngineError, errorCode, systemErrorText } from "../faults/wire-errors.js";

const MOST_LINKS = 40;

/**
 * The place below `folder` that `path` names. Neither `..` nor a link leads out of the folder: links
 * to absolute paths are read from it as the root. What is not there yet is taken as it is named.
 *
 * @param last Whether the last part of the path is followed should it be a link.
 * @throws EngineError when links lead round in circles.
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
    // No link, nothing there, or a file where a folder would have to be: whoever writes will tell.
    if (["EINVAL", "ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
