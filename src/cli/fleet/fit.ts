/** Cuts the cells of a table to the width of a terminal. */

import { cutTo, widthOf } from "../plain-text.js";
import type { Terminal } from "../terminal.js";

const MAX_NAME_COLUMNS = 60;
const MIN_TEXT_COLUMNS = 10;
const GAP = 2;

/**
 * Returns the rows as a terminal shows them; any other stream gets them complete. Cuts names to 60
 * columns. The last two columns are free text and share the remaining width.
 *
 * @param nameColumn The index of the column of names.
 */
export function fitted(
  rows: readonly (readonly string[])[],
  nameColumn: number,
  { isTTY, columns }: Terminal["stdout"],
): readonly (readonly string[])[] {
  if (isTTY !== true || columns === undefined) return rows;
  const named = rows.map((row) =>
    row.map((cell, column) => (column === nameColumn ? cutTo(MAX_NAME_COLUMNS, cell) : cell)),
  );
  const widths = (named[0] ?? []).map((_, column) =>
    Math.max(...named.map((row) => widthOf(row[column] ?? ""))),
  );
  const [first = 0, second = 0] = widths.slice(-2);
  const fixed = widths.slice(0, -2).reduce((sum, width) => sum + width + GAP, 0);
  const left = columns - fixed - GAP;
  const forFirst = Math.max(MIN_TEXT_COLUMNS, left - Math.min(second, Math.floor(left / 2)));
  const forSecond = Math.max(MIN_TEXT_COLUMNS, left - Math.min(first, forFirst));
  return named.map((row) => [
    ...row.slice(0, -2),
    cutTo(forFirst, row.at(-2) ?? ""),
    cutTo(forSecond, row.at(-1) ?? ""),
  ]);
}
