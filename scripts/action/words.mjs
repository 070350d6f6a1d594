/** Splits a command line into words as a shell does. Rejects everything that only a shell could do. */

const ESCAPABLE_IN_QUOTES = new Set(['"', "\\", "$", "`", "\n"]);
const OPERATORS = new Set([";", "|", "&", "<", ">", "(", ")"]);
/** Matches characters after which a shell would expand a `$`. */
const REPLACED = /^[A-Za-z0-9_{(@*#?!-]/;

/**
 * Returns the words of one command line. Blanks separate words. Quotes, backslashes, comments and the tilde
 * work as in a shell. Nothing else is expanded, so that no text that a workflow inserts can run a command.
 * A second line is rejected, because only a shell runs several commands.
 *
 * @param {string} line
 * @param {(problem: string) => never} refuse Called with a description of the syntax that is not supported.
 * @param {string} [home] The folder that replaces a tilde.
 * @returns {string[]}
 */
export function wordsOf(line, refuse, home) {
  const words = [];
  let word;
  let quote = "";
  let isEnded = false;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at];
    const next = line[at + 1] ?? "";
    if (isEnded && quote === "" && !/\s/.test(sign) && sign !== "#") {
      refuse("a second line, for which there is no shell here");
    }
    if (quote === "'") {
      if (sign === "'") quote = "";
      else word += sign;
    } else if (sign === "\\" && (quote === "" || ESCAPABLE_IN_QUOTES.has(next))) {
      if (next === "") refuse("a backslash at its end");
      // A backslash at the end of a line joins the line with the next one.
      if (next !== "\n") word = (word ?? "") + next;
      at += 1;
    } else if (sign === "`" || (sign === "$" && REPLACED.test(next))) {
      refuse(`${sign === "`" ? "a backquote" : "a dollar sign"}, for which there is no shell here`);
    } else if (sign === '"' || (sign === "'" && quote === "")) {
      quote = quote === "" ? sign : "";
      word ??= "";
    } else if (quote === "" && word === undefined && sign === "#") {
      // Skips the comment, but not the line break after it.
      while (at + 1 < line.length && line[at + 1] !== "\n") at += 1;
    } else if (quote === "" && word === undefined && sign === "~") {
      const [user] = /^[^\s/;|&<>()"'\\$`]*/.exec(line.slice(at + 1)) ?? [""];
      if (user !== "") refuse("the home of another user, for which there is no shell here");
      word = home || sign;
    } else if (quote === "" && /\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      isEnded ||= sign === "\n" && words.length > 0;
    } else if (quote === "" && OPERATORS.has(sign)) {
      refuse(`"${sign}", for which there is no shell here`);
    } else {
      word = (word ?? "") + sign;
    }
  }
  if (quote !== "") refuse(`a quote ${quote} that is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}
