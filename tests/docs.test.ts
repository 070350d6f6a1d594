/** Tests README.md and docs/: every link has a target, and no page is too long to read. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The pages whose length is limited. */
const pages = ["README.md", ...filesIn("docs", /\.md$/)];
const markdown = [
  ...pages,
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "findings/README.md",
];
/** Tests that mention pages that do not exist. They do so on purpose. */
const OF_MADE_UP_PAGES = ["tests/words.test.ts"];

/** Folders with files that mention pages, in messages, help texts, comments and tests. */
const folders = ["src", "scripts", "bench", "examples", "findings", "tests"];
const sources = [
  "action.yml",
  "Dockerfile",
  ...folders.flatMap((folder) => filesIn(folder, /\.(?:ts|mjs|sh)$/)),
].filter((path) => !OF_MADE_UP_PAGES.includes(path));

function filesIn(folder: string, name: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => name.test(path) && !path.includes("node_modules"))
    .map((path) => join(folder, path))
    .sort();
}

/** Removes code, in which a bracket is not a link and `#` is not a heading. */
function withoutCode(text: string): string {
  return text.replace(/^( *)(`{3,}).*?^\1\2$/gms, "").replace(/`[^`\n]*`/g, "code");
}

/** Returns the anchors that GitHub gives to the headings of a page. Repeated headings get a number. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  const text = read(path).replace(/^( *)(`{3,}).*?^\1\2$/gms, "");
  for (const [, heading = ""] of text.matchAll(/^#+ +(.*)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const base = words.replace(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-");
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Returns why a link of a page is broken; undefined when the link has a target. */
function faultOf(page: string, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), path));
  if (file.startsWith("..")) return `${target} is outside of the repository`;
  if (!existsSync(join(ROOT, file))) return `${file} is not there`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading for #${anchor}`;
}

test.each(markdown)("every link of %s leads to a file and a heading that are there", (page) => {
  const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)];
  const own = links.map(([, target = ""]) => target).filter((target) => !/^[a-z]+:/.test(target));
  expect(own.map((target) => faultOf(page, target)).filter(Boolean)).toEqual([]);
});

test("a link to a page or a heading that is not there is found", () => {
  expect(faultOf("docs/breaker.md", "nothing.md")).toMatch(/nothing\.md is not there$/);
  expect(faultOf("docs/fleet.md", "breaker.md#nothing")).toMatch(/no heading for #nothing/);
  expect(faultOf("docs/breaker.md", "../README.md")).toBeUndefined();
});

test("every page and heading that a source, a test or the action names is there", () => {
  const named = sources.flatMap((path) =>
    [...read(path).matchAll(/(?<![\w/.-])docs\/[\w/-]+\.md(?:#[\w-]+)?/g)].map(([page]) => page),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.map((page) => faultOf("README.md", page)).filter(Boolean)).toEqual([]);
});

/**
 * Counts the words of a page as a reader sees them. Code and tables count, but parts that a script writes
 * do not. A word has a letter or a digit, so the lines of a table are not words.
 */
function wordsOf(text: string): number {
  const own = text.replace(GENERATED, "").replace(/^ *```.*$/gm, "");
  return own.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** Matches the parts that benchmarks, scripts/write-*-docs.mjs and scripts/simulate-fleet.mjs write. */
const GENERATED =
  /<!-- (?:measured: begin|rules: written|simulated: written|generated: begin)[^\n]*\n.*?\n<!-- (?:measured: end|end of the rules|end of what was simulated|generated: end) -->/gs;

/**
 * The pages for people who operate a service or a store. They are read in an incident, or once while
 * setting up alerts. Readers need few other pages, so these pages have a limit of their own.
 */
const OF_OPERATION = ["operation", "runbook"].map((page) => `docs/${page}.md`);

test("README.md and docs/ have at most 25,000 words, the pages of operation 4,000, and no page over 3,000", () => {
  const words = pages.map((page) => ({ page, words: wordsOf(read(page)) }));
  const isOfOperation = ({ page }: { page: string }) => OF_OPERATION.includes(page);
  const sum = (counted: typeof words) => counted.reduce((total, one) => total + one.words, 0);
  expect(words.filter((one) => one.words > 3_000)).toEqual([]);
  expect(sum(words.filter((one) => !isOfOperation(one)))).toBeLessThanOrEqual(25_000);
  expect(sum(words.filter(isOfOperation))).toBeLessThanOrEqual(4_000);
});

test("words in code and in tables count, and those that a script writes do not", () => {
  expect(wordsOf("Two words\n\n```sh\none-command --option\n```\n\n| a | b |\n|---|---|\n")).toBe(
    6,
  );
  expect(wordsOf("<!-- measured: begin -->\n\n| a | 1 |\n\n<!-- measured: end -->\n")).toBe(0);
  expect(read("docs/observed.md").match(GENERATED)).toHaveLength(1);
});

test.each(pages.filter((page) => page !== "docs/README.md"))(
  "%s opens with a program or a command, before 150 words",
  (page) => {
    const [beginning = "", code] = read(page).split("\n```", 2);
    expect(code).toBeDefined();
    expect(wordsOf(beginning)).toBeLessThan(150);
  },
);

test("docs/README.md leads to every page", () => {
  const index = read("docs/README.md");
  const missing = pages.filter(
    (page) => page.startsWith("docs/") && !index.includes(`](${page.slice("docs/".length)}`),
  );
  expect(missing).toEqual(["docs/README.md"]);
});
