/** Checks one text, or the whole project, against the rules of how we write. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "../checks/command.mjs";
import { piecesOfMarkdown, piecesOfYaml } from "./other-texts.mjs";
import { blankQuotations, countWords, sentencesOf } from "./plain-text.mjs";
import { ANY_ROW, BEGINNINGS, LONGEST_SENTENCE, ROWS } from "./table.mjs";
import { piecesOfSource } from "./typescript.mjs";

const READERS = [
  [/\.(?:ts|mts|mjs)$/, piecesOfSource],
  [/\.md$/, piecesOfMarkdown],
  [/^action\.yml$/, piecesOfYaml],
];
/** Folders with files that people write. Of the root, only some files contain prose. */
const PLACES = ["src", "tests", "scripts", "bench", "examples", "docs"];
/**
 * Paths that are not checked. Fixtures contain the output of other programs, and the table of words
 * contains the words themselves.
 */
const LEFT_OUT = [
  "tests/fixtures/",
  "tests/times-before.md",
  "scripts/words/table.mjs",
  "docs/observed.md",
];
/**
 * Places whose messages are not checked, because they are output of other programs or code in another
 * language.
 */
const QUOTING = [
  "src/attribution/reading/",
  "src/attribution/rules/",
  "src/attribution/dagger-output.ts",
  "src/testing/session/",
  "tests/",
  "bench/",
];

/**
 * Returns the faults of all files below the given paths, each as `{ path, line, word, instead }`. Without
 * paths, checks the whole project.
 */
export function checkFiles(paths = []) {
  const files = paths.length === 0 ? ownFiles() : paths.flatMap(filesBelow);
  return files.flatMap((path) => checkText(path, readFileSync(join(ROOT, path), "utf8")));
}

/** Returns the faults of one text. `path` decides which reader parses the text. */
export function checkText(path, text) {
  return piecesOf(path, text)
    .flatMap((piece) => faultsOf(piece).map((fault) => ({ path, kind: piece.kind, ...fault })))
    .sort((one, other) => one.line - other.line);
}

/** Returns the pieces of prose in the files below a folder: `{ path, kind, line, text }`. */
export function piecesBelow(folder) {
  return filesBelow(folder).flatMap((path) =>
    piecesOf(path, readFileSync(join(ROOT, path), "utf8")).map((piece) => ({ path, ...piece })),
  );
}

function piecesOf(path, text) {
  const [, read] = READERS.find(([pattern]) => pattern.test(path)) ?? [];
  if (read === undefined || isIn(path, LEFT_OUT)) return [];
  return read(path, text).filter(({ kind }) => kind !== "message" || !isIn(path, QUOTING));
}

function faultsOf(piece) {
  const plain = blankQuotations(piece.text);
  const lineAt = (offset) => piece.line + plain.slice(0, offset).split("\n").length - 1;
  return [
    ...wrongWords(piece, plain, lineAt),
    ...wrongBeginning(piece, plain),
    ...longSentences(plain, lineAt),
  ];
}

function wrongWords({ kind }, plain, lineAt) {
  if (!ANY_ROW.test(plain)) return [];
  return ROWS.filter((row) => row.in === undefined || row.in.includes(kind)).flatMap(
    ({ pattern, instead }) =>
      [...plain.matchAll(pattern)].map((match) => ({
        line: lineAt(match.index),
        word: match[0].replace(/\s+/g, " "),
        instead,
      })),
  );
}

function wrongBeginning({ kind, of, line }, plain) {
  if (kind !== "comment") return [];
  const start = plain.trimStart();
  const row = BEGINNINGS.find(
    ({ pattern, only }) => pattern.test(start) && (only === undefined || only === of),
  );
  if (row === undefined) return [];
  const word = start.split(/\s+/, 3).join(" ");
  return [{ line, word: `${word} ...`, instead: `begin with ${row.instead}` }];
}

function longSentences(plain, lineAt) {
  return sentencesOf(plain)
    .map(({ text, offset }) => ({ text, offset, words: countWords(text) }))
    .filter(({ words }) => words > LONGEST_SENTENCE)
    .map(({ text, offset, words }) => ({
      line: lineAt(offset + text.search(/\S/)),
      word: `${text.trim().split(/\s+/, 5).join(" ")} ...`,
      instead: `sentences of at most ${LONGEST_SENTENCE} words; this one has ${words}`,
    }));
}

function ownFiles() {
  const inRoot = readdirSync(ROOT).filter((name) => name.endsWith(".md") || name === "action.yml");
  return [...inRoot, ...PLACES.flatMap(filesBelow)];
}

function filesBelow(place) {
  const path = relative(ROOT, join(ROOT, place)).replaceAll("\\", "/");
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) return [];
    const child = `${path}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(child) : [child];
  });
}

function isIn(path, places) {
  return places.some((place) => path === place || (place.endsWith("/") && path.startsWith(place)));
}
