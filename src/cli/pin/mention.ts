/** What a source file says about images: where one is named, or why it cannot be read from the text. */

import { redact } from "../../attribution/redact.js";
import { tagReference } from "../../guard/digests/references.js";

/** Why an image cannot be read from the text. */
export type UnreadReason = "variable" | "computed" | "build-argument" | "credentials" | "no-image";

/** A place that names an image. */
export interface Mention {
  /** Where its text begins, counted in characters from the start of the file. */
  readonly offset: number;
  /** What stands there, or what it comes to; undefined where the text does not tell. */
  readonly text: string | undefined;
  /** Why not, when `text` is undefined. */
  readonly why?: UnreadReason;
  /** The platform written beside it; empty when none is. */
  readonly platform?: string;
  /** Whether build arguments were put in. */
  readonly buildArguments?: boolean;
}

/** An image that was read. */
export interface ReadImage {
  /** As written, fit to be shown. */
  readonly image: string;
  /** The tag in full; of a pinned image, the tag or repository before its digest. */
  readonly reference: string;
  readonly pinned: boolean;
}

const DIGEST = /@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
const SCHEME = /^(?:docker-image|docker|oci):\/\//;
/** What no image reference holds, and what languages put values into texts with. */
const COMPUTED = /[${}#%\\]/;

/** Reads an image; a text that is none, or must not be shown, gives the reason. */
export function readImage(text: string): ReadImage | UnreadReason {
  const image = text.trim().replace(SCHEME, "");
  const name = image.replace(DIGEST, "");
  if (redact(name) !== name) return "credentials";
  if (COMPUTED.test(name)) return "computed";
  if (name.includes("@")) return /@sha\d/.test(name) ? "no-image" : "credentials";
  const reference = name.includes("://") ? undefined : tagReference(name);
  return reference === undefined ? "no-image" : { image, reference, pinned: name !== image };
}

/** How an image is written by its digest: with its tag, so that people can still tell what it is. */
export function withDigest(image: string, digest: string): string {
  const tagged = image.lastIndexOf(":") > image.lastIndexOf("/");
  return `${image}${tagged ? "" : ":latest"}@${digest}`;
}
