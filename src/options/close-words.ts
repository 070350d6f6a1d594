/** Finds the words that a misspelled one may mean. */

/** The maximum distance of a suggested word, in letters. */
const CLOSE = 2;

/** Returns the words that are at most two letters away from a word. */
export function closeWords(word: string, words: readonly string[]): readonly string[] {
  return words.filter((other) => distance(word, other, CLOSE) <= CLOSE);
}

/** Returns the word with the smallest distance, of at most `limit` letters; undefined without one. */
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
 * Counts the letters to insert, remove or replace until one word is another. Words whose lengths
 * differ by more than `limit` are not compared, which saves time.
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
