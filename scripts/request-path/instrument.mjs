/** Rewrites modules so that each named function reports its entry. */

import ts from "typescript";

/** The global function that an instrumented module calls with the number of its file. */
export const REPORT = "__entered";

/**
 * Returns the text of a module whose functions report their entry.
 *
 * These functions report: declared functions, methods, accessors, functions that are values in a module or
 * class, and all asynchronous functions. A synchronous function inside another one counts as part of it. A
 * constructor counts as part of the `new` that calls it.
 *
 * @param text JavaScript, as the build has written it.
 * @param file The number of the file.
 */
export function instrument(text, file) {
  const source = ts.createSourceFile("module.js", text, ts.ScriptTarget.Latest, true);
  const call = `globalThis.${REPORT}?.(${file})`;
  /** The texts to insert, by position. An outer function comes before its inner ones. */
  const insertions = [];
  const visit = (node, isWithin) => {
    const isFunction = ts.isFunctionLike(node) && node.body !== undefined;
    if (isFunction && isReported(node, isWithin)) {
      const { body } = node;
      if (ts.isBlock(body)) insertions.push([body.getStart(source) + 1, ` ${call};`]);
      else insertions.push([body.getStart(source), `(${call}, `], [body.end, ")"]);
    }
    ts.forEachChild(node, (child) => visit(child, isWithin || isFunction));
  };
  visit(source, false);
  let result = text;
  // Inserts from the end to the start, so that the positions of the remaining insertions stay valid.
  for (const [at, inserted] of insertions.sort(([one], [other]) => other - one)) {
    result = result.slice(0, at) + inserted + result.slice(at);
  }
  return result;
}

function isReported(node, isWithin) {
  if (ts.isConstructorDeclaration(node)) return false;
  if (!isWithin || !ts.isArrowFunction(node)) return true;
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
}
