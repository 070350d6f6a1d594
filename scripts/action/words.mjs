/** Splits a command line into words as a shell does, and refuses what only a shell could do. */

const ESCAPABLE_IN_QUOTES = new Set(['"', "\\", "$", "`", "\n"]);
const OPERATORS = new Set([";", "|", "&", "<", ">", "(", ")"]);
/** What begins, behind a dollar sign, something that a shell would replace. */
const REPLACED = /^[A-Za-z0-9_{(@*#?!-]/;

/**
 * The words of a command line: separated by blanks and ends of lines, with quotes and backslashes as in
 * a shell. Nothing is replaced, so that no text that a workflow puts into the line can run anything.
 *
 * @param {string} line
 * @param {(problem: string) => never} refuse Told what is not understood.
 * @returns {string[]}
 */
export function wordsOf(line, refuse) {
  const words = [];
  let word;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at];
    const next = line[at + 1] ?? "";
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
    } else if (quote === "" && /\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
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
