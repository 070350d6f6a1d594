/** Blanks text that is not prose, and cuts prose into sentences. */

/** Code, quotations, links and paths: their words belong to a program or to another text. */
const QUOTED = [
  // A value at the start of a text, as in "cancelled: the CI system stopped it".
  /^[a-z]+(?=: )/g,
  /(`+)(?:(?!\1)[\s\S])+?\1/g,
  /\{@(?:link|see)[^}]*\}/g,
  /"[^"\n]{1,160}"/g,
  /“[^”]{1,160}”/g,
  /https?:\/\/[^\s)>\]]+/g,
  // A file or a folder, an option, a variable, a name in code.
  /(?:[\w.-]+\/)+[\w.-]*|\b[\w-]+\.(?:ts|mjs|md|json|yml|yaml|toml|sh|test)\b/g,
  /(?<=^|[\s([,])--?[a-z][\w-]*/g,
  /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g,
  /\b[a-z]+[A-Z]\w*\b/g,
];

/** Replaces quoted text by a word without meaning, and keeps every line where it is. */
export function blankQuotations(text) {
  let plain = text;
  for (const pattern of QUOTED) plain = plain.replace(pattern, blank);
  return plain;
}

/** Returns a word that stands for a text and has its line breaks. */
export function blank(text) {
  return `X${text.replace(/[^\n]/g, "")}`;
}

/** Cuts prose into sentences: `{ text, offset }`. An empty line, an item of a list and a cell end one. */
export function sentencesOf(text) {
  const ends = /[.!?]["')\]]*(?=\s+["'(`]?[A-Z\d])|\n[ \t]*\n|\n[ \t]*(?=[-*+|>] |\d+\. |#)|[|¶]/g;
  const sentences = [];
  let from = 0;
  for (const end of [...text.matchAll(ends), { index: text.length, 0: "" }]) {
    const to = end.index + end[0].length;
    const sentence = text.slice(from, to);
    if (sentence.trim() !== "") sentences.push({ text: sentence, offset: from });
    from = to;
  }
  return sentences;
}

/** Counts the words of a sentence; signs alone are not words. */
export function countWords(sentence) {
  return sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
}
