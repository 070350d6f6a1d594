/** Cuts source text of any language into words, texts and marks, as far as finding a call needs it. */

/** A piece of source text; comments and white space are none. */
export interface Token {
  readonly kind: "word" | "text" | "mark";
  /** Its characters; of a text, without the quotes. */
  readonly value: string;
  /** Where they begin. */
  readonly offset: number;
}

interface Syntax {
  /** What begins a comment that ends with its line. */
  readonly comments: readonly string[];
  /** Whether what stands between apostrophes is a text, and not one character. */
  readonly apostrophes: boolean;
  /** Whether a slash may begin a regular expression. */
  readonly expressions: boolean;
}

const SYNTAXES: readonly (readonly [extensions: string, syntax: Syntax])[] = [
  ["ts tsx mts cts js jsx mjs cjs", { comments: ["//"], apostrophes: true, expressions: true }],
  [
    "go java kt kts rs cs swift c h scala",
    { comments: ["//"], apostrophes: false, expressions: false },
  ],
  ["json jsonc json5", { comments: ["//"], apostrophes: true, expressions: false }],
  ["php", { comments: ["//", "#"], apostrophes: true, expressions: false }],
  [
    "py pyi ex exs rb sh toml graphql gql",
    { comments: ["#"], apostrophes: true, expressions: false },
  ],
];
const ANY: Syntax = { comments: ["//", "#"], apostrophes: true, expressions: false };

const SPACE = /\s+/y;
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /\p{N}[\p{L}\p{N}_.]*/uy;
const MARK = /->|\|>|\?\.|::|:=|[\s\S]/y;
const REST_OF_LINE = /[^\n\r]*/y;
// Bounded, so that no text can make them slow; no image is nearly as long.
const DOUBLE = /"((?:[^"\\\n]|\\.){0,2000})"/y;
const SINGLE = /'((?:[^'\\\n]|\\.){0,2000})'/y;
const CHARACTER = /'(?:[^'\\\n]|\\[^'\n]{1,10}|\\')'/y;
const BACKQUOTES = /`([^`\\]*(?:\\[\s\S][^`\\]*)*)`/y;
const EXPRESSION = /\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.){0,500}\]){1,500}\/[a-z]*/y;
/** After these a slash divides. */
const VALUE_END = /^(?:[)\]}]|\p{N}.*)$/u;

/** Cuts a text, by the extension of its file such as `"go"`. A quote without its partner is passed over. */
export function tokensOf(text: string, extension: string): Token[] {
  const names = ([extensions]: readonly [string, Syntax]) => extensions.split(" ");
  const syntax = SYNTAXES.find((row) => names(row).includes(extension))?.[1] ?? ANY;
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const afterGap = endOfGap(text, at, syntax, extension);
    if (afterGap > at) {
      at = afterGap;
      continue;
    }
    const { token, end } = read(text, at, syntax, tokens.at(-1));
    if (token !== undefined) tokens.push(token);
    at = end;
  }
  return tokens;
}

/** Where white space or a comment that begins here ends. */
function endOfGap(text: string, at: number, { comments }: Syntax, extension: string): number {
  const space = matchAt(SPACE, text, at);
  if (space !== undefined) return at + space[0].length;
  if (text.startsWith("/*", at) && comments.includes("//")) {
    const end = text.indexOf("*/", at + 2);
    return end < 0 ? text.length : end + 2;
  }
  // PHP writes attributes as #[...].
  const attribute = extension === "php" && text.startsWith("#[", at);
  if (attribute || !comments.some((mark) => text.startsWith(mark, at))) return at;
  return at + (matchAt(REST_OF_LINE, text, at)?.[0].length ?? 0);
}

function read(
  text: string,
  at: number,
  syntax: Syntax,
  before: Token | undefined,
): { token?: Token; end: number } {
  const triple = tripleQuoted(text, at);
  if (triple !== undefined) return triple;
  const quoted = [DOUBLE, ...(syntax.apostrophes ? [SINGLE] : []), BACKQUOTES];
  for (const pattern of quoted) {
    const match = matchAt(pattern, text, at);
    if (match === undefined) continue;
    return {
      token: { kind: "text", value: match[1] ?? "", offset: at + 1 },
      end: at + match[0].length,
    };
  }
  const skipped =
    (syntax.apostrophes ? undefined : matchAt(CHARACTER, text, at)) ??
    (syntax.expressions && !endsValue(before) ? matchAt(EXPRESSION, text, at) : undefined);
  if (skipped !== undefined) return { end: at + skipped[0].length };
  const word = matchAt(WORD, text, at);
  const [value = ""] = word ?? matchAt(NUMBER, text, at) ?? matchAt(MARK, text, at) ?? [];
  return {
    token: { kind: word === undefined ? "mark" : "word", value, offset: at },
    end: at + value.length,
  };
}

function tripleQuoted(text: string, at: number): { token: Token; end: number } | undefined {
  const quotes = text.startsWith('"""', at)
    ? '"""'
    : text.startsWith("'''", at)
      ? "'''"
      : undefined;
  const end = quotes === undefined ? -1 : text.indexOf(quotes, at + 3);
  if (end < 0) return undefined;
  return {
    token: { kind: "text", value: text.slice(at + 3, end), offset: at + 3 },
    end: end + 3,
  };
}

function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "word") return !/^(?:return|typeof|case|in|of|await|yield)$/.test(token.value);
  return token.kind === "text" || VALUE_END.test(token.value);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
