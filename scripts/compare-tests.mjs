/**
 * Compares the tests with those of an earlier commit: `node scripts/compare-tests.mjs [commit]`.
 *
 * It prints each title that has disappeared, and each file with fewer `expect(` calls. It adds the reason
 * from tests/changed-tests.json. A change without a reason makes the exit code 1. `renamed` in that file
 * maps old titles to new ones. The new title must exist.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";
import { ROOT } from "./checks/command.mjs";
import { findTestFiles } from "./checks/imports.mjs";

/**
 * The commit to compare with by default. Later commits shortened the run of all tests from an hour to
 * minutes.
 */
const BASE = "d8fbe8f";
const NAMES = ["test", "it", "describe", "testWhere", "describeWhere"];

const [base = BASE, ...rest] = process.argv.slice(2);
if (rest.length > 0) {
  console.error("Usage: node scripts/compare-tests.mjs [commit]");
  process.exit(2);
}
const before = readCommit(base);
const now = new Map(
  findTestFiles().map((path) => [path, describeTests(readFileSync(join(ROOT, path), "utf8"))]),
);
const reasons = JSON.parse(readFileSync(join(ROOT, "tests/changed-tests.json"), "utf8"));
const changes = [...missingTitles(), ...fewerExpects()];
for (const { text, reason } of changes) console.log(`${text}\n    ${reason ?? "NO REASON GIVEN"}`);
const unexplained = changes.filter(({ reason }) => reason === undefined);
console.log(
  `\n${countTitles(before)} titles at ${base}, ${countTitles(now)} now; ` +
    `${changes.length} changes, ${unexplained.length} without a reason`,
);
process.exitCode = unexplained.length === 0 ? 0 : 1;

/** Returns the titles that no test file has any more. A title may have moved to another file. */
function missingTitles() {
  const present = new Set([...now.values()].flatMap(({ titles }) => titles));
  return [...before].flatMap(([path, { titles }]) =>
    titles
      .filter((title) => !present.has(title))
      .map((title) => ({
        text: `gone: "${title}" of ${path}`,
        reason: reasons.titles[title] ?? reasonOfRename(title, present) ?? reasonOfFile(path),
      })),
  );
}

function reasonOfRename(title, present) {
  const renamed = reasons.renamed.titles[title];
  return present.has(renamed) ? `${reasons.renamed.reason} Now "${renamed}".` : undefined;
}

/** Returns the reason for a file that was removed. The reason applies to all its titles. */
function reasonOfFile(path) {
  return now.has(path) ? undefined : reasons.files[path];
}

function fewerExpects() {
  return [...before].flatMap(([path, { expects }]) => {
    const left = expectsNow(path);
    if (left >= expects) return [];
    return [
      { text: `${path}: ${expects} expect( calls, now ${left}`, reason: reasons.files[path] },
    ];
  });
}

/**
 * Returns the number of `expect(` calls in a file. If the file is gone, counts files of the same name in
 * other folders.
 */
function expectsNow(path) {
  const same = now.get(path);
  if (same !== undefined) return same.expects;
  const moved = [...now].filter(([other]) => basename(other) === basename(path));
  return moved.reduce((sum, [, { expects }]) => sum + expects, 0);
}

function readCommit(commit) {
  const names = git("ls-tree", "-r", "--name-only", commit, "--", "src", "tests");
  const paths = names.split("\n").filter((path) => path.endsWith(".test.ts"));
  return new Map(paths.map((path) => [path, describeTests(git("show", `${commit}:${path}`))]));
}

function git(...args) {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 });
}

function describeTests(text) {
  const titles = [];
  const file = ts.createSourceFile("tests.ts", text, ts.ScriptTarget.Latest, true);
  const visit = (node) => {
    const [title] = ts.isCallExpression(node) ? node.arguments : [];
    if (title !== undefined && NAMES.includes(rootName(node.expression))) {
      if (ts.isStringLiteralLike(title)) titles.push(title.text);
      else if (ts.isTemplateExpression(title)) titles.push(title.getText(file).slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { titles, expects: text.match(/\bexpect\(/g)?.length ?? 0 };
}

/**
 * Returns the name of the first function in a call: `test` for `test("...")`, `test.skipIf(...)("...")` and
 * `test.each(...)("...")`.
 */
function rootName(expression) {
  let node = expression;
  while (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) node = node.expression;
  return ts.isIdentifier(node) ? node.text : undefined;
}

function countTitles(files) {
  return [...files.values()].reduce((sum, { titles }) => sum + titles.length, 0);
}
