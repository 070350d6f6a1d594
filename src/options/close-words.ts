/** Finds the known words that a misspelled word may mean. */

/** The maximum distance, in letters, between a misspelled word and a suggested word. */
const CLOSE = 2;

/** Returns the entries of `words` that are at most two letters away from `word`. */
export function closeWords(word: string, words: readonly string[]): readonly string[] {
  return words.filter((other) => distance(word, other, CLOSE) <= CLOSE);
}

/**
 * Returns the entry of `words` that is closest to `word`. Returns undefined if every entry is more
 * than `limit` letters away.
 */
export function nearestWord(
  word: string,
  words: readonly string[],
  limit: number,
): string | undefined {
  let nearest: string | undefined;
  let least = limit + 1;
  for (const other of words) {
    const found = distance(word, other, limit);
    if (found < least) [nearest, least] = [other, found];
  }
  return nearest;
}

/**
 * Counts the letters to insert, remove or replace to turn one word into the other. To save time,
 * returns `limit + 1` at once if the lengths differ by more than `limit`.
 */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [at, wanted] of [...other].entries()) {
      const replaced = (row[at] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
