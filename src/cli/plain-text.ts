/**
 * Makes text of other programs safe for a terminal or a log. Measures and limits the width of text.
 */

import { stripVTControlCharacters } from "node:util";
import { jsonWithoutCommands, withoutCommands } from "../attribution/ci-commands.js";
import { withoutCredentials } from "../options/credentials.js";

/** Characters that move the cursor, change colors, hide text, or reverse the direction of text. */
const COMMANDS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;

/** Puts a text on one line. Removes codes that a terminal or a CI system would execute. */
export function plainText(text: string): string {
  return withoutCommands(text.replace(BREAKS, " ").replace(COMMANDS, "\ufffd"));
}

/**
 * Returns JSON in which characters that a terminal could execute are escaped. Parsing this JSON
 * gives the original value.
 */
export function plainJson(value: unknown, indent?: number): string {
  return jsonWithoutCommands(JSON.stringify(value, undefined, indent)).replace(
    /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) =>
      character
        .split("")
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join(""),
  );
}

const WIDE =
  /^(?:[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|(?![\uff61-\uff9f])\p{Script=Katakana})$/u;
const NARROWEST = /^\p{M}$/u;

/** Returns the number of columns of a text, without color codes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += columnsOf(character);
  return width;
}

/** The widest line of help texts and messages, in columns. */
export const WIDTH = 80;

/**
 * Wraps a text between words, to lines of at most `width` columns. A longer word gets its own line.
 *
 * @param indent The text before each line except the first.
 */
export function wrapped(text: string, width = WIDTH, indent = ""): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(last === undefined ? word : `${indent}${word}`);
  }
  return lines;
}

/**
 * Cuts a text to a number of columns, and puts an ellipsis at its end. The text must contain no
 * color codes.
 */
export function cutTo(columns: number, text: string): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

function columnsOf(character: string): number {
  if (NARROWEST.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/**
 * Renders a name from a file or an option. The result is quoted, short, and without credentials.
 */
export function shown(given: string): string {
  const text = withoutCredentials(given);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
