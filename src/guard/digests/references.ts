/** Strict patterns for tags, platforms and digests. A text that does not match is never stored or shown. */

import { parseImageReference } from "../../attribution/hosts.js";

const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?`;
const COMPONENT = String.raw`[a-z0-9]+(?:(?:\.|_{1,2}|-{1,8})[a-z0-9]+)*`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const REFERENCE = new RegExp(`^${HOST}(?:/${COMPONENT})+(:${TAG})?$`);
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const PLATFORM = /^(?:[a-z0-9][a-z0-9_.-]{0,31}(?:\/[a-z0-9][a-z0-9_.-]{0,31}){0,2})?$/;

/** The longest reference, in characters: a name of 255 characters, and a tag. */
const MAX_REFERENCE_LENGTH = 384;

/**
 * Returns the full reference of a tag, such as `docker.io/library/alpine:3.20` for `alpine:3.20`. Adds
 * `:latest` if the text has no tag. Returns undefined if the text is not an image, or contains a digest or
 * credentials.
 */
export function tagReference(address: string): string | undefined {
  const reference = parseImageReference(address)?.reference;
  if (reference === undefined || reference.length > MAX_REFERENCE_LENGTH) return undefined;
  const match = REFERENCE.exec(reference);
  if (match === null) return undefined;
  return match[1] === undefined ? `${reference}:latest` : reference;
}

/** Returns whether a text is a digest that an engine accepts. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Returns whether a text is a platform, such as `linux/arm64/v8`, or empty for no platform. */
export function isPlatform(text: string): boolean {
  return PLATFORM.test(text);
}
