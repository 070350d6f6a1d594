/** Finds the blocks of code in pages and in doc comments. */

import ts from "typescript";

/** One block of code. */
export interface Snippet {
  /** The file and line of the opening fence, such as `README.md:12`. */
  readonly place: string;
  readonly language: string;
  /** Whether tests may run the block. `no-run` after the language forbids it. */
  readonly runs: boolean;
  readonly text: string;
}

const FENCE = /^(\s*)(`{3,})(.*)$/;

/** Returns the blocks of a Markdown page. `firstLine` is the line number at which the page begins. */
export function snippetsOfMarkdown(path: string, markdown: string, firstLine = 1): Snippet[] {
  const snippets: Snippet[] = [];
  let open: { indent: string; fence: string; info: string; line: number; lines: string[] } | null =
    null;
  for (const [index, line] of markdown.split("\n").entries()) {
    const [, indent = "", fence = "", info = ""] = FENCE.exec(line) ?? [];
    if (open === null) {
      if (fence) open = { indent, fence, info: info.trim(), line: firstLine + index, lines: [] };
    } else if (fence === open.fence && info.trim() === "") {
      const [language = "", ...words] = open.info.split(/\s+/);
      const place = `${path}:${open.line}`;
      const unknown = words.filter((word) => word !== "no-run");
      if (unknown.length > 0) throw new Error(`${place}: unknown mark "${unknown.join(" ")}"`);
      const text = `${open.lines.join("\n")}\n`;
      snippets.push({ place, language, runs: words.length === 0, text });
      open = null;
    } else {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trim());
    }
  }
  if (open !== null) throw new Error(`${path}:${open.line}: a block that never ends`);
  return snippets;
}

/** Returns the blocks in the doc comments of a TypeScript file. */
export function snippetsOfDocComments(path: string, source: string): Snippet[] {
  return docComments(source).flatMap(({ start, text }) => {
    const firstLine = source.slice(0, start).split("\n").length;
    const markdown = text
      .slice(3, -2)
      .split("\n")
      .map((line) => line.replace(/^\s*\* ?/, ""));
    return snippetsOfMarkdown(path, markdown.join("\n"), firstLine);
  });
}

function docComments(source: string): { readonly start: number; readonly text: string }[] {
  const found: { start: number; text: string }[] = [];
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(source, node.pos) ?? []) {
      const text = source.slice(pos, end);
      const isNew = found.every(({ start }) => start !== pos);
      if (isNew && text.startsWith("/**")) found.push({ start: pos, text });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
