/** Says in words which images are pinned, and what to write for those that are not. */

import { ageText } from "../digests/render.js";
import { type Paint, tableLines } from "../terminal.js";
import type { AdvisedImage } from "./advice.js";
import type { UnreadReason } from "./mention.js";
import type { UnreadImage } from "./scan.js";

/** A place of a file where an image could not be read. */
export interface UnreadPlace extends UnreadImage {
  readonly file: string;
}

const WHY: Readonly<Record<UnreadReason, string>> = {
  variable: "a variable names the image",
  computed: "the name of the image is put together when the program runs",
  "build-argument": "a build argument without a default names the image",
  credentials: "credentials stand in the name of the image",
  "no-image": "what stands there is no image",
};

/** The lines that `pin` prints. */
export function pinLines(images: readonly AdvisedImage[], nowMs: number, paint: Paint): string[] {
  if (images.length === 0) return ["No image was found."];
  const rows = images.map((image) => [
    placeText(image),
    imageText(image),
    stateOf(image),
    adviceOf(image, nowMs),
  ]);
  const [head = "", ...lines] = tableLines([["WHERE", "IMAGE", "STATE", "WRITE"], ...rows]);
  return [
    paint.bold(head),
    ...lines.map((line, index) => (images[index]?.pinned ? paint.green(line) : paint.yellow(line))),
  ];
}

/** What is said besides: places that could not be read, and how a digest becomes known. */
export function pinNotes(
  images: readonly AdvisedImage[],
  unread: readonly UnreadPlace[],
): string[] {
  const notes = unread.map((place) => `${placeText(place)}: not read, ${WHY[place.why]}`);
  if (images.some(({ pinned, digest, differs }) => !pinned && digest === null && !differs)) {
    notes.push(
      "For an image of unknown digest, run the pipeline once with the guard's option pin on: it learns the digest. Then run this again.",
    );
  }
  if (images.some(({ differs }) => differs)) {
    notes.push("Where the digest differs by platform, say which one you mean with --platform.");
  }
  if (images.some(({ buildArguments, pinned }) => buildArguments && !pinned)) {
    notes.push("Of an image with build arguments, what it comes to with their defaults is shown.");
  }
  return notes;
}

/** Of a pinned image as much of the digest as tells it from others. */
function imageText({ image, pinned }: AdvisedImage): string {
  return pinned ? image.replace(/(?<=:[0-9a-f]{12})[0-9a-f]+$/, "...") : image;
}

function stateOf({ pinned, buildArguments }: AdvisedImage): string {
  return `${pinned ? "pinned" : "not pinned"}${buildArguments ? ", by build arguments" : ""}`;
}

function adviceOf({ pinned, write, learntAtMs, differs }: AdvisedImage, nowMs: number): string {
  if (pinned) return "";
  if (write === null) return differs ? "differs by platform" : "digest not known";
  const age = ageText(nowMs - (learntAtMs ?? nowMs));
  return `${write} (seen ${age === "now" ? age : `${age} ago`})`;
}

/** A place as editors and terminals know it; a name with odd characters is quoted. */
function placeText({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${fileText(file)}:${line}:${column}`;
}

/** The name of a file, fit to be shown. */
export function fileText(file: string): string {
  return /^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(file) ? file : JSON.stringify(file);
}
