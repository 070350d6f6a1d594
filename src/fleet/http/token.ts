/** Checks the token that clients send to `dagger-breaker serve`. No message contains a token. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Field } from "../../options/check.js";

/** Matches a token: long enough that it cannot be guessed, and valid in a header. */
const TOKEN = /^[\x21-\x7e]{16,512}$/;

/** The description of a valid token in messages. */
export const TOKEN_EXPECTED = "16 to 512 visible characters of ASCII without spaces";

export function checkToken(value: unknown, label: string): string {
  if (typeof value !== "string") {
    const what = value === undefined ? "missing" : `of type ${typeof value}`;
    throw new TypeError(`${label} is ${what}, expected ${TOKEN_EXPECTED}`);
  }
  if (TOKEN.test(value)) return value;
  const why = isLong(value) ? ", some of them not allowed" : "";
  throw new RangeError(`${label} has ${value.length} characters${why}; expected ${TOKEN_EXPECTED}`);
}

function isLong({ length }: string): boolean {
  return length >= 16 && length <= 512;
}

/** Declares an option that holds a token and may be missing. */
export const tokenField: Field<string | undefined> = { absent: undefined, read: checkToken };

/** Returns the value of the header that contains a token. */
export function authorizationOf(token: string): string {
  return `Bearer ${token}`;
}

/**
 * Returns a function that checks whether a header contains the token. The check takes constant
 * time, so that its duration reveals nothing about the token.
 */
export function tokenCheck(token: string): (header: string | undefined) => boolean {
  const wanted = digest(authorizationOf(token));
  return (header) => timingSafeEqual(digest(header ?? ""), wanted);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
