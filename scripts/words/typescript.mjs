/** Extracts the comments, messages and test titles from a source, with TypeScript's parser. */

import ts from "typescript";
import { blank } from "./plain-text.mjs";

const TEST_CALLS = ["test", "it", "describe", "testWhere", "describeWhere"];
/** Properties whose values are output of other programs. */
const QUOTING = ["example", "examples", "sample", "samples"];

/**
 * Returns the pieces of prose in a source, each as `{ kind, line, text }`. `kind` is "comment", "message"
 * or "title". For a comment, `of` is the kind of declaration that it documents: "function" or "other".
 */
export function piecesOfSource(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const isTest = /\.test\.ts$/.test(path);
  const literals = [];
  const owners = new Map();
  const pieces = [];
  const visit = (node, isQuoted) => {
    for (const doc of node.jsDoc ?? []) owners.set(doc.pos, node);
    if (isLiteral(node)) literals.push(node);
    if (ts.isCallExpression(node) && TEST_CALLS.includes(rootName(node.expression))) {
      const [title] = node.arguments;
      if (title !== undefined && isText(title)) pieces.push(piece("title", title, file));
    } else if (!isTest && !isQuoted && isMessage(node)) {
      pieces.push(...proseOf(piece("message", node, file)));
    }
    const quotes = isQuoted || (ts.isPropertyAssignment(node) && QUOTING.includes(nameOf(node)));
    ts.forEachChild(node, (child) => visit(child, quotes));
  };
  visit(file, false);
  return [...pieces, ...comments(file, literals, owners)];
}

/** Returns the prose in a message. A message of Lua or SQL is code, so only its comments are prose. */
function proseOf(message) {
  const isCode = /^\s*--|\n\s*(?:--|local |end\b|CREATE )/.test(message.text);
  if (!isCode) return [message];
  const text = message.text.replace(/^.*$/gm, (line) => /--\s(.*)$/.exec(line)?.[1] ?? "");
  return [{ ...message, kind: "comment", of: "line", text }];
}

/** Returns whether a text is a message for people. Such a text contains a space between words. */
function isMessage(node) {
  if (!isText(node) || isText(node.parent)) return false;
  if (ts.isImportDeclaration(node.parent) || ts.isLiteralTypeNode(node.parent)) return false;
  return /[a-z]{2,}.* |^[^\w]*[a-z]+ \S/i.test(readText(node));
}

/** Returns whether a node is a string, a template, or a sum of them. */
function isText(node) {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  const isSum = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
  return isSum && (isText(node.left) || isText(node.right));
}

function piece(kind, node, file) {
  return { kind, line: lineOf(file, node.getStart(file)), text: readText(node) };
}

/** Returns the text of a literal as the source has it, so that line numbers stay right. */
function readText(node) {
  const file = node.getSourceFile();
  const source = file.text;
  if (ts.isStringLiteralLike(node))
    return unescaped(source.slice(node.getStart(file) + 1, node.end - 1));
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map(({ expression, literal }) => {
      const words = source.slice(literal.getStart(file) + 1, literal.end);
      return (
        blank(source.slice(expression.pos, literal.getStart(file))) + words.replace(/\$\{$|`$/, "")
      );
    });
    const head = source.slice(node.head.getStart(file) + 1, node.head.end - 2);
    return unescaped(head + spans.join(""));
  }
  if (!isText(node)) return blank(node.getText(file));
  const between = source.slice(node.left.end, node.right.getStart(file)).replace(/[^\n]/g, "");
  return readText(node.left) + between + readText(node.right);
}

function unescaped(raw) {
  return raw.replace(/\\n/g, " ¶ ").replace(/\\(["'`])/g, "$1");
}

function isLiteral(node) {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node) ||
    ts.isRegularExpressionLiteral(node)
  );
}

/**
 * Returns the comments of a file. Searches only between literals, because `//` inside a literal is not a
 * comment.
 */
function comments(file, literals, owners) {
  const found = [];
  let from = 0;
  for (const literal of [...literals, undefined]) {
    const to = literal === undefined ? file.text.length : literal.getStart(file);
    if (to >= from) found.push(...commentsBetween(file.text, from, to));
    from = Math.max(from, literal === undefined ? to : literal.end);
  }
  return mergeLines(file.text, found).map(({ pos, text }) => ({
    kind: "comment",
    of: text.startsWith("/**") ? kindOf(owners.get(pos)) : "line",
    line: lineOf(file, pos),
    text: withoutMarks(text),
  }));
}

function commentsBetween(source, from, to) {
  const pattern = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return [...source.slice(from, to).matchAll(pattern)].map((match) => ({
    pos: from + match.index,
    text: match[0],
  }));
}

/** Merges consecutive lines of `//` into one comment. */
function mergeLines(source, found) {
  const merged = [];
  for (const comment of found) {
    const last = merged.at(-1);
    const between = last && source.slice(last.pos + last.text.length, comment.pos);
    const continues =
      last?.text.startsWith("//") && comment.text.startsWith("//") && /^\n[ \t]*$/.test(between);
    if (continues) last.text += between + comment.text;
    else merged.push({ ...comment });
  }
  return merged;
}

/** Returns the kind of declaration that a doc comment documents. The comment of a file documents none. */
function kindOf(node) {
  if (node === undefined) return "other";
  if (ts.isVariableStatement(node)) {
    const [declaration] = node.declarationList.declarations;
    const value = declaration?.initializer;
    const isFunction = value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value));
    return isFunction ? "function" : "other";
  }
  const isFunction =
    ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isMethodSignature(node);
  return isFunction ? "function" : "other";
}

/** Returns the prose of a comment, without its markers, its code and the names of parameters. */
function withoutMarks(text) {
  return text
    .replace(/^\/\*\*?|\*\/$/g, "")
    .replace(/^[ \t]*(?:\*(?!\/) ?|\/\/ ?)/gm, "")
    .replace(/```[\s\S]*?```/g, (code) => `${code.replace(/[^\n]/g, "")}`)
    .replace(/^@param\s+\S+/gm, "¶")
    .replace(/^@(\w+)/gm, "¶");
}

function nameOf(property) {
  return ts.isIdentifier(property.name) || ts.isStringLiteral(property.name)
    ? property.name.text
    : "";
}

/**
 * Returns the name of the first function in a call: `test` for `test("...")` and for
 * `test.each(...)("...")`.
 */
function rootName(expression) {
  let node = expression;
  while (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) node = node.expression;
  return ts.isIdentifier(node) ? node.text : undefined;
}

function lineOf(file, position) {
  return file.getLineAndCharacterOfPosition(position).line + 1;
}
