/** Searches a text for many fixed words in one pass. The time hardly depends on the number of words. */

/** The number of consecutive letters under which a word is filed in the table. */
const LETTERS = 4;
const BITS = 14;

/** Appends a letter to a key. A key contains the last four letters. */
function withLetter(key: number, letter: number): number {
  return (key << 8) ^ letter;
}

/** Returns the slot of a key in the table of an index. */
function placeOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> (32 - BITS);
}

/**
 * Returns the slots of all sequences of four letters in a word. `before` is the number of letters before the
 * last letter of the sequence.
 */
function placesOf(word: string): { readonly place: number; readonly before: number }[] {
  const places: { readonly place: number; readonly before: number }[] = [];
  let key = 0;
  for (let before = 0; before < word.length; before += 1) {
    key = withLetter(key, word.charCodeAt(before));
    if (before >= LETTERS - 1) places.push({ place: placeOf(key), before });
  }
  return places;
}

/**
 * A word in the table. `before` is the number of letters before the last of the four letters under which the
 * word is filed.
 */
interface FiledWord {
  readonly word: string;
  readonly before: number;
}

/** The words of an index. Each word is filed under four of its letters. */
interface WordTable {
  /** The index in `groups` for each slot. Group 0 is empty and belongs to all slots without words. */
  readonly groupOf: Uint16Array;
  readonly groups: readonly (readonly FiledWord[])[];
  /** Words that are too short for the table. Each short word is searched separately. */
  readonly short: readonly string[];
}

/** A set of fixed words that are searched together. */
export class WordIndex {
  readonly #words: readonly string[];
  /** Created for the first text, because most programs never classify a failure. */
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

/** Files each word under its rarest sequence of four letters, so that a text is compared with few words. */
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

/** A list of alternative words, such as the words of one condition. */
export type WordList = readonly string[];

/**
 * Returns whether a word looks like a part of a name, such as `/var/lib` or `docker.io`. Such a word is
 * searched in the whole text. Other words are searched only outside names.
 */
export function isNamed(word: string): boolean {
  return /[^ ]\/|\/[^ ]|\w\.\w/.test(word);
}

/** A set of word lists that are searched together. */
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
   * Returns the lists with at least one word that occurs in a text.
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
