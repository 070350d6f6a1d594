/** Makes texts of the bytes of one body, short and repeated ones without decoding them again. */

const SLOTS = 1024;
const LONGEST_REMEMBERED = 64;

/**
 * Reads the texts of one body. Names, keys and hosts come again in nearly every span, and comparing
 * bytes is several times cheaper than decoding them; so each text is kept in a slot, until another
 * takes it or the body is done. Nothing outlives the body: texts may be secrets.
 */
export class TextReader {
  readonly #bytes: Buffer;
  readonly #slots: string[] = [];

  constructor(body: Uint8Array) {
    this.#bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  /** The text from byte `from` to `end`; what is no UTF-8 in it becomes U+FFFD. */
  read(from: number, end: number): string {
    const length = end - from;
    if (length === 0) return "";
    if (length > LONGEST_REMEMBERED) return this.#bytes.toString("utf8", from, end);
    const slot = this.#slot(from, length);
    const known = this.#slots[slot];
    if (known !== undefined && known.length === length && this.#matches(known, from)) return known;
    const text = this.#bytes.toString("utf8", from, end);
    this.#slots[slot] = text;
    return text;
  }

  /** The bytes from `from` to `end` in hex. */
  readHex(from: number, end: number): string {
    return this.#bytes.toString("hex", from, end);
  }

  #slot(from: number, length: number): number {
    const bytes = this.#bytes;
    let hash = length;
    hash = hash * 31 + (bytes[from] as number);
    hash = hash * 31 + (bytes[from + (length >> 1)] as number);
    hash = hash * 31 + (bytes[from + length - 1] as number);
    return hash % SLOTS;
  }

  /** Whether the bytes at `from` are those of `text`; never so when a character takes several. */
  #matches(text: string, from: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) {
      if (text.charCodeAt(index) !== bytes[from + index]) return false;
    }
    return true;
  }
}
