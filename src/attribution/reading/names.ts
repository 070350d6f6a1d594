/**
 * Replaces names in a text with `_`. Otherwise, a tag or path such as `timeout` could look like a message.
 */

/** Words that contain a slash but are not names. */
const WORDS = new Set([
  "i/o",
  "read/write",
  "net/http",
  "http/1.0",
  "http/1.1",
  "http/1.x",
  "http/2",
  "http/2.0",
  "http/3",
  "and/or",
  "n/a",
  "input/output",
  "fork/exec",
  "client/server",
]);

const EDGE = /[\s"'`<>(){}[\],;|\\]/;
const TAIL = /[.:!?]{1,8}$/;

// Words that come directly before the name of an image, ref or host.
const LEADS =
  /\b(?:(?:manifest for|manifest|image|images|tag|ref|branch|pathspec|pull|push|pulling|pushing|from|reference|lookup|hostname|host|registry|dialing|in|to|at)(?:: | )|(?:tcp|udp) (?=\S{1,255}[.:]))["'`]?([a-z0-9][\w.@:-]{1,255})/g;
// Matches a text of a form that only names have, such as `app:1.2`. A bare number also matches, because it
// may be a tag.
const MADE_LIKE_A_NAME = /\w[:@_.-]\w|[a-z][0-9]|[0-9][a-z]|^[0-9]{1,32}$/;

// Matches names in quotes after a word such as `module`, and refs that git did not find.
const QUOTED =
  /(?:\b(?:command|flag|function|module|argument|arg|field|type|ref|branch|tag|secret|service|object|alias|file|package|target|context|directory|dependency|platform|exec:) ["'`]|remote ref |remote branch )([^\s"'`]{1,255})/g;

/**
 * Replaces each character of a name in a lower-case text with `_`, so that positions in the text stay the
 * same.
 */
export function withoutNames(lower: string): string {
  return withoutPaths(withoutLedNames(withoutQuotedNames(lower)));
}

function withoutQuotedNames(lower: string): string {
  return lower.replace(
    QUOTED,
    (whole: string, name: string) =>
      `${whole.slice(0, whole.length - name.length)}${"_".repeat(name.length)}`,
  );
}

function withoutLedNames(lower: string): string {
  return lower.replace(LEADS, (whole: string, name: string) => {
    const bare = name.replace(TAIL, "");
    if (!MADE_LIKE_A_NAME.test(bare)) return whole;
    const start = whole.length - name.length;
    return `${whole.slice(0, start)}${"_".repeat(bare.length)}${whole.slice(start + bare.length)}`;
  });
}

function withoutPaths(lower: string): string {
  let slash = lower.indexOf("/");
  if (slash < 0) return lower;
  const pieces: string[] = [];
  let done = 0;
  while (slash >= 0) {
    const start = startOf(lower, slash, done);
    const end = endOf(lower, slash);
    const name = lower.slice(start, end).replace(TAIL, "");
    if (!WORDS.has(name)) {
      pieces.push(lower.slice(done, start), "_".repeat(name.length));
      done = start + name.length;
    }
    slash = lower.indexOf("/", end);
  }
  pieces.push(lower.slice(done));
  return pieces.join("");
}

/** Returns the index where the name around a slash begins. */
function startOf(text: string, slash: number, from: number): number {
  const scheme = text.startsWith("://", slash - 1);
  let start = scheme ? slash - 1 : slash;
  while (start > from) {
    const sign = text[start - 1] ?? "";
    if (EDGE.test(sign) || sign === "=" || (scheme && !/[a-z0-9+.-]/.test(sign))) break;
    start -= 1;
  }
  return start;
}

function endOf(text: string, slash: number): number {
  let end = slash + 1;
  while (end < text.length && !EDGE.test(text[end] ?? "")) end += 1;
  return end;
}
