/** Images in programs: what is given to `from(...)` and its spellings, whatever the language. */

import { type Mention, readImage } from "./mention.js";
import { type Token, tokensOf } from "./tokens.js";

/** Called on a container. */
const METHODS: ReadonlySet<string> = new Set(["from", "From", "from_"]);
/** Called on a container, or by themselves. */
const FUNCTIONS: ReadonlySet<string> = new Set(["with_from", "withFrom", "WithFrom"]);
const RECEIVERS: ReadonlySet<string> = new Set([".", "?.", "->", "|>"]);

/** What tells that a program speaks to Dagger: many others have a `from` that takes other names. */
const SPEAKS_DAGGER = /\bdag\b|dagger/i;

/** Finds the images that a program gives to `from`. */
export function mentionsInCode(text: string, extension: string): Mention[] {
  const tokens = tokensOf(text, extension);
  const daggers = SPEAKS_DAGGER.test(text);
  return tokens
    .flatMap((_, index) => mentionAt(tokens, index) ?? [])
    .filter((mention) => daggers || namesImage(mention));
}

/** Finds the values of `"image"` in JSON. */
export function mentionsInJson(text: string): Mention[] {
  const tokens = tokensOf(text, "json");
  return tokens.flatMap(({ kind, value }, index) => {
    const given = tokens[index + 2];
    const isImage = kind === "text" && value === "image" && tokens[index + 1]?.value === ":";
    return isImage && given?.kind === "text" ? [{ offset: given.offset, text: given.value }] : [];
  });
}

function mentionAt(tokens: readonly Token[], index: number): Mention | undefined {
  const name = tokens[index];
  if (name?.kind !== "word" || !isMark(tokens[index + 1], "(")) return undefined;
  const named =
    tokens[index + 2]?.value === "address" && /^[:=]$/.test(tokens[index + 3]?.value ?? "");
  if (METHODS.has(name.value)) {
    // In GraphQL a field stands by itself, with its argument named.
    if (!hasReceiver(tokens, index) && !named) return undefined;
  } else if (!FUNCTIONS.has(name.value)) return undefined;
  const onContainer = tokens[index - 2]?.value === "Container" && isMark(tokens[index - 1], ".");
  const first = index + (named ? 4 : 2);
  return readArgument(tokens, onContainer ? lastArgument(tokens, first) : first);
}

/** `Buffer.from` and its like make other things; a container is made by a call or held by a variable. */
function hasReceiver(tokens: readonly Token[], index: number): boolean {
  const mark = tokens[index - 1];
  if (mark?.kind !== "mark" || !RECEIVERS.has(mark.value)) return false;
  const receiver = tokens[index - 2];
  const isType = receiver?.kind === "word" && /^\p{Lu}/u.test(receiver.value);
  return !isType || receiver.value === "Container" || mark.value === "|>";
}

function readArgument(tokens: readonly Token[], at: number): Mention | undefined {
  const argument = tokens[at];
  if (argument === undefined || isMark(argument, ")")) return undefined;
  const { kind, value, offset } = argument;
  const after = tokens[at + 1];
  const ends = isMark(after, ")") || (isMark(after, ",") && isMark(tokens[at + 2], ")"));
  if (kind === "text") {
    // A second argument: a query builder's from, not a container's.
    if (isMark(after, ",") && !ends) return undefined;
    return ends ? { offset, text: value } : { offset, text: undefined, why: "computed" };
  }
  // Python and Rust put letters before a text.
  if (kind === "word" && after?.kind === "text" && after.offset - offset <= value.length + 3) {
    return readArgument(tokens, at + 1);
  }
  return { offset, text: undefined, why: "variable" };
}

/** Elixir may give the container as the first argument. */
function lastArgument(tokens: readonly Token[], first: number): number {
  let depth = 0;
  for (let at = first; at < tokens.length && at < first + 500; at++) {
    const { kind, value = "" } = tokens[at] ?? {};
    if (kind !== "mark") continue;
    if (value === "(" || value === "[") depth++;
    if (depth === 0 && value === ",") return at + 1;
    if ((value === ")" || value === "]") && --depth < 0) return first;
  }
  return first;
}

/** Whether it can only be an image: it has a tag, a digest, or a registry. */
function namesImage({ text }: Mention): boolean {
  const read = text === undefined ? "no-image" : readImage(text);
  return typeof read === "object" && /[:@/]/.test(read.image);
}

function isMark(token: Token | undefined, value: string): boolean {
  return token?.kind === "mark" && token.value === value;
}
