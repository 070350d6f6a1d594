/** Extracts the prose from Markdown and YAML. */

import { piecesOfSource } from "./typescript.mjs";

/** Returns the prose of a page, and the comments in its TypeScript snippets. */
export function piecesOfMarkdown(path, text) {
  const snippets = [];
  const prose = text.replace(/^( *)(```+)(\w*)[^\n]*\n([\s\S]*?)^ *\2 *$/gm, (block, ...groups) => {
    const [, , language, code, index] = groups;
    const line = text.slice(0, index).split("\n").length;
    if (language === "ts") snippets.push(...commentsOf(path, code, line));
    return block.replace(/[^\n]/g, "");
  });
  const words = prose
    .replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/\]\([^)]*\)/g, "]");
  return [{ kind: "doc", line: 1, text: words }, ...snippets];
}

function commentsOf(path, code, line) {
  return piecesOfSource(`${path}.ts`, code)
    .filter(({ kind }) => kind === "comment")
    .map((piece) => ({ ...piece, kind: "doc", line: piece.line + line }));
}

/** Returns the comments and texts of a YAML file. The texts include messages that an action prints. */
export function piecesOfYaml(_path, text) {
  return [
    {
      kind: "message",
      line: 1,
      text: text
        .replace(/\$\{\{.*?\}\}/g, "X")
        .replace(/^ *(?:- )?[\w-]+:/gm, (key) => key.replace(/[^\n]+/g, "|")),
    },
  ];
}
