/**
 * Searches a text for many fixed words at once. A small table of the text's letters rules out most words
 * quickly.
 */

const BITS = 16;
const SIZE = 1 << BITS;

/** A word to search for, with the table positions of its first and its last three letters. */
interface Word {
  readonly text: string;
  readonly first: number;
  readonly last: number;
}

/** Words prepared for the search. */
export type WordList = readonly Word[];

/** Prepares lower-case words for the search. */
export function wordList(words: readonly string[]): WordList {
  return words.map((text) => ({
    text,
    first: text.length < 3 ? -1 : place(text, 0),
    last: text.length < 3 ? -1 : place(text, text.length - 3),
  }));
}

/** Returns the table position of the three letters at `at`. */
function place(text: string, at: number): number {
  return hash(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2));
}

function hash(a: number, b: number, c: number): number {
  return (Math.imul(a, 0x9e3b) ^ Math.imul(b, 0x1f35) ^ Math.imul(c, 0x2f1)) & (SIZE - 1);
}

/**
 * A table that shows which sequences of three letters a text contains. It is reused: each text has its own
 * stamp, and a position with another stamp is empty.
 */
class Sketch {
  readonly stamps = new Uint32Array(SIZE);
  lastStamp = 0;

  /** Reserves the table for a text and returns the stamp of that text. */
  take(text: string): number {
    if (this.lastStamp === 0xffffffff) {
      this.stamps.fill(0);
      this.lastStamp = 0;
    }
    this.lastStamp += 1;
    const { stamps, lastStamp } = this;
    let a = text.charCodeAt(0);
    let b = text.charCodeAt(1);
    for (let at = 2; at < text.length; at += 1) {
      const c = text.charCodeAt(at);
      stamps[hash(a, b, c)] = lastStamp;
      a = b;
      b = c;
    }
    return lastStamp;
  }
}

// Texts take turns with four tables, so that a few texts in alternation do not overwrite each other's.
const SKETCHES = [new Sketch(), new Sketch(), new Sketch(), new Sketch()];
let nextSketch = 0;

/**
 * A text in which words are searched.
 *
 * Its `Sketch` records every sequence of three letters. A word whose letters are missing there is not in
 * the text. That check rules out nearly all words of all rules.
 */
export class WordText {
  readonly text: string;
  #sketch = SKETCHES[0] as Sketch;
  #stamp = 0;

  constructor(text: string) {
    this.text = text;
  }

  hasAny(words: WordList): boolean {
    this.#draw();
    for (const word of words) if (this.#has(word)) return true;
    return false;
  }

  hasAll(words: WordList): boolean {
    this.#draw();
    for (const word of words) if (!this.#has(word)) return false;
    return true;
  }

  /** Returns the words of the list that the text contains. */
  present(words: WordList): string[] {
    this.#draw();
    const found: string[] = [];
    for (const word of words) if (this.#has(word)) found.push(word.text);
    return found;
  }

  #has(word: Word): boolean {
    const { stamps } = this.#sketch;
    const stamp = this.#stamp;
    if (word.first >= 0 && (stamps[word.first] !== stamp || stamps[word.last] !== stamp))
      return false;
    return this.text.includes(word.text);
  }

  /** Fills the table with this text, unless it still holds it. */
  #draw(): void {
    if (this.#stamp !== 0 && this.#stamp === this.#sketch.lastStamp) return;
    nextSketch = (nextSketch + 1) % SKETCHES.length;
    this.#sketch = SKETCHES[nextSketch] as Sketch;
    this.#stamp = this.#sketch.take(this.text);
  }
}
