/** Looks for many fixed words in one text at little cost. */

const BITS = 16;
const SIZE = 1 << BITS;

/** A word with the places in the sketch that its first and its last three letters take. */
interface Word {
  readonly text: string;
  readonly first: number;
  readonly last: number;
}

/** Words made ready for looking. */
export type WordList = readonly Word[];

/** Makes words, in lower case, ready for looking. */
export function wordList(words: readonly string[]): WordList {
  return words.map((text) => ({
    text,
    first: text.length < 3 ? -1 : place(text, 0),
    last: text.length < 3 ? -1 : place(text, text.length - 3),
  }));
}

/** Where three letters of a text go in the sketch. */
function place(text: string, at: number): number {
  return hash(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2));
}

function hash(a: number, b: number, c: number): number {
  return (Math.imul(a, 0x9e3b) ^ Math.imul(b, 0x1f35) ^ Math.imul(c, 0x2f1)) & (SIZE - 1);
}

/** A sketch serves many texts: a stamp tells which text a place was last taken by. */
class Sketch {
  readonly stamps = new Uint32Array(SIZE);
  lastStamp = 0;

  /** Takes the sketch over for a text; gives its stamp. */
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

// Texts that are asked by turns take their sketches in turn, so that none is drawn twice.
const SKETCHES = [new Sketch(), new Sketch(), new Sketch(), new Sketch()];
let nextSketch = 0;

/**
 * A text in which words are looked for.
 *
 * It keeps which three letters stand somewhere in it; a word whose letters do not is ruled out
 * without a look at the text, which is nearly every word of nearly every rule.
 */
export class WordText {
  readonly text: string;
  #sketch = SKETCHES[0] as Sketch;
  #stamp = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether one of these words stands in the text. */
  hasAny(words: WordList): boolean {
    this.#draw();
    for (const word of words) if (this.#has(word)) return true;
    return false;
  }

  /** Whether all of these words stand in the text. */
  hasAll(words: WordList): boolean {
    this.#draw();
    for (const word of words) if (!this.#has(word)) return false;
    return true;
  }

  /** Those of the words that stand in the text. */
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

  /** Draws this text's sketch, unless there is one that no other text has taken over. */
  #draw(): void {
    if (this.#stamp !== 0 && this.#stamp === this.#sketch.lastStamp) return;
    nextSketch = (nextSketch + 1) % SKETCHES.length;
    this.#sketch = SKETCHES[nextSketch] as Sketch;
    this.#stamp = this.#sketch.take(this.text);
  }
}
