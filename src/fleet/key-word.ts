/** Checks words that are parts of a key: a scope, or the prefix of all keys of a store. */

import { show } from "../options/check.js";

const KEY_WORD = /^[A-Za-z0-9._:/@-]{1,100}$/;
const EXPECTED = "1 to 100 of the characters A-Z a-z 0-9 . _ : / @ -";

export function isKeyWord(text: string): boolean {
  return KEY_WORD.test(text);
}

export function checkKeyWord(value: unknown, label: string): string {
  if (typeof value === "string" && isKeyWord(value)) return value;
  const message = `${label} is ${show(value)}, expected ${EXPECTED}`;
  throw typeof value === "string" ? new RangeError(message) : new TypeError(message);
}
