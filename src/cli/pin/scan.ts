/** Reads the images out of a source file, by what kind of file its name says it is. */

import { basename, extname } from "node:path";
import { mentionsInCode, mentionsInJson } from "./code.js";
import { mentionsInDockerfile } from "./dockerfile.js";
import { type Mention, type ReadImage, readImage, type UnreadReason } from "./mention.js";
import { mentionsInYaml } from "./yaml.js";

/** Where something stands; both count from 1, columns in UTF-16 units as editors do. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** An image of a file. */
export interface FoundImage extends ReadImage, Place {
  readonly platform: string;
  /** Whether build arguments were put in, with their defaults. */
  readonly buildArguments: boolean;
}

/** A place where an image is named that cannot be read from the text. */
export interface UnreadImage extends Place {
  readonly why: UnreadReason;
}

/** What a file says about images. */
export interface Scan {
  readonly images: readonly FoundImage[];
  readonly unread: readonly UnreadImage[];
}

/** Finds the images of a file. */
export function scan(file: string, source: string): Scan {
  const text = source.replace(/^\uFEFF/, " ");
  const images: FoundImage[] = [];
  const unread: UnreadImage[] = [];
  const placeOf = placesIn(text);
  for (const { offset, text: image, why, platform, buildArguments } of mentionsOf(file, text)) {
    const place = placeOf(offset);
    const read = image === undefined ? (why ?? "computed") : readImage(image);
    if (typeof read === "string") unread.push({ ...place, why: read });
    else
      images.push({
        ...place,
        ...read,
        platform: platform ?? "",
        buildArguments: buildArguments === true,
      });
  }
  return { images, unread };
}

function mentionsOf(file: string, text: string): Mention[] {
  const name = basename(file).toLowerCase();
  const extension = extname(name).slice(1);
  if (/^(?:.+[._-])?(?:dockerfile|containerfile)(?:[._-].+)?$/.test(name)) {
    return mentionsInDockerfile(text);
  }
  if (extension === "yaml" || extension === "yml") return mentionsInYaml(text);
  if (/^json[c5]?$/.test(extension)) return mentionsInJson(text);
  return mentionsInCode(text, extension);
}

/** Tells the place of offsets that do not go back. */
function placesIn(text: string): (offset: number) => Place {
  const nextLine = (from: number) => text.indexOf("\n", from) + 1 || text.length + 1;
  let line = 1;
  let start = 0;
  let next = nextLine(0);
  return (offset) => {
    while (next <= offset) {
      line++;
      start = next;
      next = nextLine(start);
    }
    return { line, column: offset - start + 1 };
  };
}
