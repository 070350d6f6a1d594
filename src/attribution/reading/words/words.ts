/** Searches one text for many fixed words at little cost. */

const BITS = 16;
const SIZE = 1 << BITS;

/** A word with the positions in the sketch of its first and its last three letters. */
interface Word {
  readonly text: string;
  readonly first: number;
  readonly last: number;
}

/** Words prepared for a search. */
export type WordList = readonly Word[];

/** Prepares lower-case words for a search. */
export function wordList(words: readonly string[]): WordList {
  return words.map((text) => ({
    text,
    first: text.length < 3 ? -1 : place(text, 0),
    last: text.length < 3 ? -1 : place(text, text.length - 3),
  }));
}

/** Returns the position of three letters in the sketch. */
function place(text: string, at: number): number {
  return hash(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2));
}

function hash(a: number, b: number, c: number): number {
  return (Math.imul(a, 0x9e3b) ^ Math.imul(b, 0x1f35) ^ Math.imul(c, 0x2f1)) & (SIZE - 1);
}

/** A sketch serves many texts. A stamp shows which text last used a position. */
class Sketch {
  readonly stamps = new Uint32Array(SIZE);
  lastStamp = 0;

  /** Takes over the sketch for a text and returns its stamp. */
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

// Texts that are searched in turns use different sketches, so that none is drawn twice.
const SKETCHES = [new Sketch(), new Sketch(), new Sketch(), new Sketch()];
let nextSketch = 0;

/**
 * A text in which words are searched.
 *
 * Its sketch records which three letters occur anywhere. A word with other letters is ruled out
 * without a look at the text, which settles nearly every word of nearly every rule.
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

  /** Returns the words that the text contains. */
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

  /** Draws this text's sketch, unless one exists that no other text has taken over. */
  #draw(): void {
    if (this.#stamp !== 0 && this.#stamp === this.#sketch.lastStamp) return;
    nextSketch = (nextSketch + 1) % SKETCHES.length;
    this.#sketch = SKETCHES[nextSketch] as Sketch;
    this.#stamp = this.#sketch.take(this.text);
  }
}
