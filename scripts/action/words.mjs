/** Splits a command line into words as a shell does, and refuses what only a shell could do. */

const ESCAPABLE_IN_QUOTES = new Set(['"', "\\", "$", "`", "\n"]);
const OPERATORS = new Set([";", "|", "&", "<", ">", "(", ")"]);
/** Characters that start a shell expansion after `$`. */
const REPLACED = /^[A-Za-z0-9_{(@*#?!-]/;

/**
 * Returns the words of one command line. Blanks separate them; quotes, backslashes, comments and the tilde
 * work as in a shell. Nothing else is replaced, so that no text that a workflow inserts can run anything. A
 * second line is rejected, because only a shell runs several commands.
 *
 * @param {string} line
 * @param {(problem: string) => never} refuse Called with what is not understood.
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
      // One before the end of a line joins it with the next.
      if (next !== "\n") word = (word ?? "") + next;
      at += 1;
    } else if (sign === "`" || (sign === "$" && REPLACED.test(next))) {
      refuse(`${sign === "`" ? "a backquote" : "a dollar sign"}, for which there is no shell here`);
    } else if (sign === '"' || (sign === "'" && quote === "")) {
      quote = quote === "" ? sign : "";
      word ??= "";
    } else if (quote === "" && word === undefined && sign === "#") {
      // Up to the end of the line, which stays to be read.
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
