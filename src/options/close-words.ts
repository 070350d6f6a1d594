/** Finds the words that a misspelled one may mean. */

/** The maximum distance of a suggested word, in letters. */
const CLOSE = 2;

/** Returns the words that are at most two letters away from a word. */
export function closeWords(word: string, words: readonly string[]): readonly string[] {
  return words.filter((other) => distance(word, other) <= CLOSE);
}

/** Counts the letters to insert, remove or replace until one word is another. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > CLOSE) return CLOSE + 1;
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
