/** Replaces text that is not prose, and splits prose into sentences. */

/** Patterns for code, quotations, links and paths. Their words come from a program or from another text. */
const QUOTED = [
  // A code word at the start of a message, as in "cancelled: the CI system stopped it".
  /^[a-z]+(?=: )/g,
  /(`+)(?:(?!\1)[\s\S])+?\1/g,
  /\{@(?:link|see)[^}]*\}/g,
  /"[^"\n]{1,160}"/g,
  /“[^”]{1,160}”/g,
  /https?:\/\/[^\s)>\]]+/g,
  // Files and folders, options, variables, and names in code.
  /(?:[\w.-]+\/)+[\w.-]*|\b[\w-]+\.(?:ts|mjs|md|json|yml|yaml|toml|sh|test)\b/g,
  /(?<=^|[\s([,])--?[a-z][\w-]*/g,
  /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g,
  /\b[a-z]+[A-Z]\w*\b/g,
];

/** Replaces quoted text by a meaningless word. Keeps all line breaks, so that line numbers stay right. */
export function blankQuotations(text) {
  let plain = text;
  for (const pattern of QUOTED) plain = plain.replace(pattern, blank);
  return plain;
}

/** Returns a meaningless word with the line breaks of a text. */
export function blank(text) {
  return `X${text.replace(/[^\n]/g, "")}`;
}

/**
 * Splits prose into sentences: `{ text, offset }`. An empty line, a list item and a table cell also end a
 * sentence.
 */
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

/** Counts the words of a sentence. Punctuation alone does not count. */
export function countWords(sentence) {
  return sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
}
