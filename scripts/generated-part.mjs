/** Replaces the part of a page that a script generates. Two marker lines enclose that part. */

const END = "<!-- generated: end -->";

/** Returns the page with `text` as its generated part. */
export function withGeneratedPart(page, script, text) {
  const begin = `<!-- generated: begin, by scripts/${script} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`the page lacks "${begin}" or "${END}"`);
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`;
}
