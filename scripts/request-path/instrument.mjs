/** Rewrites modules so that each function of a name reports its entry. */

import ts from "typescript";

/** The function that an instrumented module calls with the number of its file. */
export const REPORT = "__entered";

/**
 * Returns the text of a module with functions that report their entry.
 *
 * These report: declared functions, methods, accessors, functions that a module or a class holds as a value, and
 * all asynchronous functions. A synchronous function within another is part of it, and a constructor is part of
 * the `new` that calls it.
 *
 * @param text JavaScript as the build wrote it.
 * @param file The number of the file.
 */
export function instrument(text, file) {
  const source = ts.createSourceFile("module.js", text, ts.ScriptTarget.Latest, true);
  const call = `globalThis.${REPORT}?.(${file})`;
  /** The insertions by position, the outer before the inner. */
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
  // From the end on, so that no insertion moves the place of another.
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
