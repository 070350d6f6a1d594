/** The token between `dagger-breaker serve` and those that ask it. No message ever shows one. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Field } from "../../options/check.js";

/** What a token may be: long enough that nobody guesses it, and fit for a header. */
const TOKEN = /^[\x21-\x7e]{16,512}$/;

/** How messages put it. */
export const TOKEN_EXPECTED = "16 to 512 visible characters of ASCII without spaces";

/** Checks a token. */
export function checkToken(value: unknown, label: string): string {
  if (typeof value !== "string") {
    const what = value === undefined ? "missing" : `of type ${typeof value}`;
    throw new TypeError(`${label} is ${what}, expected ${TOKEN_EXPECTED}`);
  }
  if (TOKEN.test(value)) return value;
  throw new RangeError(
    `${label} has ${value.length} characters that will not do, expected ${TOKEN_EXPECTED}`,
  );
}

/** A field that holds a token; whoever needs one checks that it is there. */
export const tokenField: Field<string | undefined> = { absent: undefined, read: checkToken };

/** The header that carries a token. */
export function authorizationOf(token: string): string {
  return `Bearer ${token}`;
}

/** Tells in constant time whether a header carries a token. */
export function tokenCheck(token: string): (header: string | undefined) => boolean {
  const wanted = digest(authorizationOf(token));
  return (header) => timingSafeEqual(digest(header ?? ""), wanted);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
