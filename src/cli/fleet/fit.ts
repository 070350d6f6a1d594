/** Cuts the cells of a table to the width of a terminal. */

import { cutTo, widthOf } from "../plain-text.js";
import type { Terminal } from "../terminal.js";

const MAX_NAME_COLUMNS = 60;
const MIN_NAME_COLUMNS = 16;
const MIN_TEXT_COLUMNS = 10;
const GAP = 2;

/**
 * Cuts the cells of rows to the width of a terminal. Changes nothing if the stream is not a
 * terminal. Names get at most 60 columns. The last two columns contain free text and share the
 * remaining width.
 *
 * @param nameColumn The index of the column of names.
 */
export function fitted(
  rows: readonly (readonly string[])[],
  nameColumn: number,
  { isTTY, columns }: Terminal["stdout"],
): readonly (readonly string[])[] {
  if (isTTY !== true || columns === undefined) return rows;
  const widths = widthsOf(rows);
  const [first = 0, second = 0] = widths.slice(-2);
  const name = widths[nameColumn] ?? 0;
  const fixed = widths.slice(0, -2).reduce((sum, width) => sum + width + GAP, 0) - name;
  const least = (width: number) => Math.min(width, MIN_TEXT_COLUMNS);
  const spare = columns - fixed - GAP - least(first) - least(second);
  const forName = Math.min(name, MAX_NAME_COLUMNS, Math.max(MIN_NAME_COLUMNS, spare));
  const left = columns - fixed - forName - GAP;
  const forFirst = Math.max(MIN_TEXT_COLUMNS, left - Math.min(second, Math.floor(left / 2)));
  const forSecond = Math.max(MIN_TEXT_COLUMNS, left - Math.min(first, forFirst));
  return rows.map((row) => [
    ...row
      .slice(0, -2)
      .map((cell, column) => (column === nameColumn ? cutTo(forName, cell) : cell)),
    cutTo(forFirst, row.at(-2) ?? ""),
    cutTo(forSecond, row.at(-1) ?? ""),
  ]);
}

function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  return (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ""))),
  );
}
