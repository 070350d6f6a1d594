/** Splits a command line or a script of Dagger's shell into commands and words, as a shell does. */

/** The maximum number of characters read. No real command line is longer. */
const MAX_LENGTH = 256 * 1024;

const SPACE = /\s/;
/** Characters that separate two commands: pipe, list, background, newline, subshell. */
const SEPARATORS = "|;&\n()";

/**
 * Returns the words of each command in a text. Removes quotes, backslashes and comments. Variables stay as
 * written.
 */
export function shellWords(text: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = "";
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  const end = Math.min(text.length, MAX_LENGTH);
  for (let at = 0; at < end; at += 1) {
    const char = text.charAt(at);
    if (quote !== "" && char === quote) {
      quote = "";
    } else if (char === "\\" && quote !== "'") {
      at += 1;
      // A backslash at the end of a line joins the line with the next one.
      if (text.charAt(at) !== "\n") word = (word ?? "") + text.charAt(at);
    } else if (quote !== "") {
      word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (char === "#" && word === undefined) {
      const lineEnd = text.indexOf("\n", at);
      at = lineEnd < 0 ? end : lineEnd - 1;
    } else if (SEPARATORS.includes(char)) {
      endWord();
      commands.push([]);
    } else if (SPACE.test(char)) {
      endWord();
    } else {
      word = (word ?? "") + char;
    }
  }
  endWord();
  return commands.filter((words) => words.length > 0);
}
