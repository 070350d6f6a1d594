/**
 * Reads TOML with the place of every value, so that one value can be changed and all else stays as
 * it is. Numbers and dates are kept as they are written; they are never asked for.
 */

/** A value: a text, true or false, a list, an inline table, or a number or date as written. */
export type TomlValue =
  | string
  | boolean
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue }
  | TomlRaw;

/** A number or a date, as written. */
export class TomlRaw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A line `key = value`, or the head of a table. */
export interface TomlStatement {
  readonly kind: "value" | "table" | "array-table";
  /** The names from the root on, those of the table included. */
  readonly path: readonly string[];
  /** Where the value begins and ends; for a head, where the head does. */
  readonly start: number;
  readonly end: number;
  /** Undefined for the head of a table. */
  readonly value: TomlValue | undefined;
}

/** A text that is no TOML, or has what is not read. */
export class TomlError extends Error {
  /** The line, from 1 on. */
  readonly line: number;

  constructor(text: string, offset: number, expected: string) {
    const line = text.slice(0, offset).split("\n").length;
    super(`line ${line}: expected ${expected}`);
    this.name = "TomlError";
    this.line = line;
  }
}

/** How deep lists and inline tables may lie in each other: a bound against a hostile file. */
const MAX_DEPTH = 64;

/**
 * Reads the statements of a text in their order.
 *
 * @throws TomlError for what is no TOML.
 */
export function readToml(text: string): TomlStatement[] {
  return new TomlReader(text).statements();
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\u001b",
  '"': '"',
  "\\": "\\",
};

class TomlReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  statements(): TomlStatement[] {
    const found: TomlStatement[] = [];
    let table: readonly string[] = [];
    for (this.#skip(true); this.#at < this.#text.length; this.#skip(true)) {
      const start = this.#at;
      if (this.#peek("[")) {
        const kind = this.#take("[[") ? "array-table" : "table";
        if (kind === "table") this.#need("[", "a table");
        table = this.#keyPath();
        this.#need(kind === "table" ? "]" : "]]", `the end of the table's name`);
        found.push({ kind, path: table, start, end: this.#at, value: undefined });
      } else {
        const path = [...table, ...this.#keyPath()];
        this.#need("=", '"="');
        this.#skip(false);
        const valueStart = this.#at;
        const value = this.#value(0);
        found.push({ kind: "value", path, start: valueStart, end: this.#at, value });
      }
      this.#lineEnd();
    }
    return found;
  }

  /** Blanks and comments, and with `lines` the ends of lines too. */
  #skip(lines: boolean): void {
    const pattern = lines ? /(?:[ \t\r\n]|#[^\n]*)*/y : /[ \t]*/y;
    pattern.lastIndex = this.#at;
    pattern.exec(this.#text);
    this.#at = pattern.lastIndex;
  }

  #lineEnd(): void {
    if (this.#match(/[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y) === undefined) {
      throw this.#error("the end of the line");
    }
  }

  #keyPath(): string[] {
    const path: string[] = [];
    do {
      this.#skip(false);
      path.push(this.#key());
      this.#skip(false);
    } while (this.#take("."));
    return path;
  }

  #key(): string {
    if (this.#peek('"')) return this.#basicString();
    if (this.#peek("'")) return this.#literalString();
    const bare = this.#match(/[A-Za-z0-9_-]+/y);
    if (bare === undefined) throw this.#error("a name");
    return bare;
  }

  #value(depth: number): TomlValue {
    if (depth > MAX_DEPTH) throw this.#error("less depth");
    if (this.#peek('"')) return this.#basicString();
    if (this.#peek("'")) return this.#literalString();
    if (this.#take("[")) return this.#array(depth);
    if (this.#take("{")) return this.#inlineTable(depth);
    const bare = this.#match(/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.+Z-]+|[A-Za-z0-9_+.:-]+/y);
    if (bare === undefined) throw this.#error("a value");
    return bare === "true" ? true : bare === "false" ? false : new TomlRaw(bare);
  }

  #array(depth: number): TomlValue[] {
    const items: TomlValue[] = [];
    for (this.#skip(true); !this.#take("]"); this.#skip(true)) {
      items.push(this.#value(depth + 1));
      this.#skip(true);
      if (!this.#take(",") && !this.#peek("]")) throw this.#error('"," or "]"');
    }
    return items;
  }

  #inlineTable(depth: number): Record<string, TomlValue> {
    const table: Record<string, TomlValue> = Object.create(null) as Record<string, TomlValue>;
    for (this.#skip(false); !this.#take("}"); this.#skip(false)) {
      const path = this.#keyPath();
      this.#need("=", '"="');
      this.#skip(false);
      this.#put(table, path, this.#value(depth + 1));
      this.#skip(false);
      if (!this.#take(",") && !this.#peek("}")) throw this.#error('"," or "}"');
    }
    return table;
  }

  #put(table: Record<string, TomlValue>, path: readonly string[], value: TomlValue): void {
    let place = table;
    for (const name of path.slice(0, -1)) {
      place[name] ??= Object.create(null) as Record<string, TomlValue>;
      const next = place[name];
      if (!isTomlTable(next)) throw this.#error("a table");
      place = next as Record<string, TomlValue>;
    }
    const last = path.at(-1) ?? "";
    if (last in place) throw this.#error("each name once");
    place[last] = value;
  }

  #basicString(): string {
    if (this.#take('"""')) {
      return this.#longString(/(?:[^"\\]|\\[\s\S]|"(?!""))*/y, '"""', (text) =>
        this.#unescape(text),
      );
    }
    this.#need('"', "a text");
    const inside = this.#match(/(?:[^"\\\n]|\\[^\n])*/y) ?? "";
    this.#need('"', "the end of the text");
    return this.#unescape(inside);
  }

  #literalString(): string {
    if (this.#take("'''")) {
      return this.#longString(/(?:[^']|'(?!''))*/y, "'''", (text) => text);
    }
    this.#need("'", "a text");
    const inside = this.#match(/[^'\n]*/y) ?? "";
    this.#need("'", "the end of the text");
    return inside;
  }

  /** A text of many lines, whose last one or two quotation marks may belong to it. */
  #longString(pattern: RegExp, end: string, read: (text: string) => string): string {
    let inside = this.#match(pattern) ?? "";
    this.#need(end, "the end of the text");
    while (this.#take(end[0] ?? "")) inside += end[0];
    return read(inside.replace(/^\r?\n/, ""));
  }

  #unescape(text: string): string {
    return text.replace(
      /\\(?:(\r?\n|[ \t]+\r?\n)[ \t\r\n]*|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([\s\S]))/g,
      (_all, line, four, eight, two, letter) => {
        if (line !== undefined) return "";
        const code = four ?? eight ?? two;
        if (code !== undefined) {
          const point = Number.parseInt(code, 16);
          if (point > 0x10ffff) throw this.#error("a character");
          return String.fromCodePoint(point);
        }
        const character = ESCAPES[letter];
        if (character === undefined) throw this.#error("an escape that TOML knows");
        return character;
      },
    );
  }

  #peek(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  #take(token: string): boolean {
    if (!this.#peek(token)) return false;
    this.#at += token.length;
    return true;
  }

  #need(token: string, what: string): void {
    if (!this.#take(token)) throw this.#error(what);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #error(expected: string): TomlError {
    return new TomlError(this.#text, this.#at, expected);
  }
}

/** Whether a value is an inline table. */
export function isTomlTable(value: unknown): value is { readonly [key: string]: TomlValue } {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof TomlRaw)
  );
}
