/** Decodes the texts of one OTLP body. Short texts are cached, because they repeat. */

const SLOTS = 1024;
const LONGEST_REMEMBERED = 64;

/**
 * Decodes the texts of one body. Names, keys and hosts repeat in nearly every span, and comparing bytes is
 * several times cheaper than decoding them again. The cache ends with the body, because texts can be
 * secrets.
 */
export class TextReader {
  readonly #bytes: Buffer;
  readonly #slots: string[] = [];

  constructor(body: Uint8Array) {
    this.#bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  /** Returns the text between two byte positions. Invalid UTF-8 becomes U+FFFD. */
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

  /** Returns the bytes between two positions in hex. */
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

  /** Returns whether the bytes at `from` are this text. Always false for text that is not ASCII. */
  #matches(text: string, from: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) {
      if (text.charCodeAt(index) !== bytes[from + index]) return false;
    }
    return true;
  }
}
