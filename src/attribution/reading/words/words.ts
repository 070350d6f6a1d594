/** Searches a text for many fixed words in one pass, however many words there are. */

/** The number of letters by which a word is found. */
const LETTERS = 4;
const BITS = 14;

/** Appends a letter to a key, which holds the last four. */
function withLetter(key: number, letter: number): number {
  return (key << 8) ^ letter;
}

/** Returns the place of four letters in the table of an index. */
function placeOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> (32 - BITS);
}

/** Returns the places of all four letters in a row of a word, with the number of letters before the last. */
function placesOf(word: string): { readonly place: number; readonly before: number }[] {
  const places: { readonly place: number; readonly before: number }[] = [];
  let key = 0;
  for (let before = 0; before < word.length; before += 1) {
    key = withLetter(key, word.charCodeAt(before));
    if (before >= LETTERS - 1) places.push({ place: placeOf(key), before });
  }
  return places;
}

/** A word, and how many of its letters come before the last of the four that it is found by. */
interface FiledWord {
  readonly word: string;
  readonly before: number;
}

/** The words of an index, each filed under four of its letters. */
interface WordTable {
  /** For each place, the number of its group. The group 0 is that of places without words. */
  readonly groupOf: Uint16Array;
  readonly groups: readonly (readonly FiledWord[])[];
  /** Words that are too short for the table. They are searched one by one. */
  readonly short: readonly string[];
}

/** Fixed words that are searched together. */
export class WordIndex {
  readonly #words: readonly string[];
  /** Made for the first text, because most programs read no failure. */
  #table: WordTable | undefined;

  constructor(words: Iterable<string>) {
    this.#words = [...new Set(words)];
  }

  /** Returns the words that a text contains. */
  in(text: string): ReadonlySet<string> {
    this.#table ??= tableOf(this.#words);
    const { groupOf, groups, short } = this.#table;
    const found = new Set<string>();
    for (const word of short) if (text.includes(word)) found.add(word);
    let key = 0;
    for (let at = 0; at < text.length; at += 1) {
      key = withLetter(key, text.charCodeAt(at));
      const group = groupOf[placeOf(key)] as number;
      if (group === 0) continue;
      for (const { word, before } of groups[group] as readonly FiledWord[]) {
        if (!found.has(word) && text.startsWith(word, at - before)) found.add(word);
      }
    }
    return found;
  }
}

/** Files each word under the rarest of its letters, so that a text is compared with few words. */
function tableOf(words: readonly string[]): WordTable {
  const long = words.filter((word) => word.length >= LETTERS);
  const uses = new Map<number, number>();
  for (const word of long) {
    for (const { place } of placesOf(word)) uses.set(place, usesOf(place) + 1);
  }
  const groupOf = new Uint16Array(1 << BITS);
  const groups: FiledWord[][] = [[]];
  for (const word of long) {
    const { place, before } = placesOf(word).reduce((rarest, one) =>
      usesOf(one.place) < usesOf(rarest.place) ? one : rarest,
    );
    if (groupOf[place] === 0) groupOf[place] = groups.push([]) - 1;
    groups[groupOf[place] as number]?.push({ word, before });
  }
  return { groupOf, groups, short: words.filter((word) => word.length < LETTERS) };

  function usesOf(place: number): number {
    return uses.get(place) ?? 0;
  }
}

/** Words that mean the same, such as those of one condition. */
export type WordList = readonly string[];

/**
 * Returns whether a word looks like a part of a name, such as `/var/lib` or `docker.io`. It is searched in
 * the whole text; all others only where no name stands.
 */
export function isNamed(word: string): boolean {
  return /[^ ]\/|\/[^ ]|\w\.\w/.test(word);
}

/** Lists of words that are searched together. */
export class WordLists {
  readonly #listsOf = new Map<string, WordList[]>();
  readonly #plain: WordIndex;
  readonly #named: WordIndex;

  constructor(lists: Iterable<WordList>) {
    for (const list of new Set(lists)) {
      for (const word of list) {
        const others = this.#listsOf.get(word);
        if (others === undefined) this.#listsOf.set(word, [list]);
        else others.push(list);
      }
    }
    const words = [...this.#listsOf.keys()];
    this.#plain = new WordIndex(words.filter((word) => !isNamed(word)));
    this.#named = new WordIndex(words.filter(isNamed));
  }

  /**
   * Returns the lists that have a word in a text.
   *
   * @param text The text without its names.
   * @param whole The text with its names.
   */
  in(text: string, whole: string): ReadonlySet<WordList> {
    const found = new Set<WordList>();
    for (const words of [this.#plain.in(text), this.#named.in(whole)]) {
      for (const word of words) for (const list of this.#listsOf.get(word) ?? []) found.add(list);
    }
    return found;
  }
}
