/**
 * Writes the table of rules into docs/attribution.md: `node scripts/write-attribution-docs.mjs`.
 *
 * It uses the built `dist`. A test fails when the table on the page does not match the rules.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const PAGE = fileURLToPath(new URL("../docs/attribution.md", import.meta.url));
const BEGIN = "<!-- rules: written by scripts/write-attribution-docs.mjs -->";
const END = "<!-- end of the rules -->";
const MAX_EXAMPLE_LENGTH = 120;
const EXAMPLE_START_LENGTH = 40;

/** Returns the page with the table of these rules between its markers. */
export function pageWithRules(page, rules, fallbackRules) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks "${BEGIN}" or "${END}"`);
  const tables = [
    table(rules),
    "When none of these fits, by the status, the exit code or the place:",
    table(fallbackRules),
  ];
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tables.join("\n\n")}\n\n${page.slice(end)}`;
}

function table(rules) {
  const head = "| rule | fault | counts | transient | what it means | such as | seen in |";
  return [head, "| --- | --- | --- | --- | --- | --- | --- |", ...rules.map(rowOf)].join("\n");
}

function rowOf({ name, fault, counts, transient, reason, examples, seen }) {
  const cells = [
    `\`${name}\``,
    `\`${fault}\``,
    yes(counts),
    yes(transient),
    reason,
    shown(examples[0]),
    seen,
  ];
  return `| ${cells.join(" | ")} |`;
}

function yes(value) {
  return value ? "yes" : "no";
}

/** Returns an example as one line of code. The middle of a long example is left out. */
function shown(example) {
  if (typeof example === "string") return code(example);
  if ("text" in example)
    return `${code(example.text)} with ${code(JSON.stringify(example.context))}`;
  const { status, body } = example.answer;
  return `answer ${status} ${body === "" ? "without a body" : code(body)}`;
}

function code(text) {
  const line = text.replace(/\s+/g, " ").trim();
  const cut = line.length > MAX_EXAMPLE_LENGTH ? withoutMiddle(line) : line;
  // In Markdown, a pipe would end the cell, and a backtick would end the code.
  return `\`${cut.replaceAll("|", "\\|").replaceAll("`", "'")}\``;
}

/** Leaves out the middle of a line, because the end of a message explains more than its middle. */
function withoutMiddle(line) {
  const end = line.slice(EXAMPLE_START_LENGTH - MAX_EXAMPLE_LENGTH);
  return `${line.slice(0, EXAMPLE_START_LENGTH).trimEnd()} … ${end.trimStart()}`;
}

/** Returns a page without the blanks and dashes that align its tables. */
export function withoutPadding(page) {
  return page.replace(/ {2,}/g, " ").replace(/-{3,}/g, "---");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ATTRIBUTION_RULES, FALLBACK_RULES } = await import("../dist/attribution/index.js");
  const page = await readFile(PAGE, "utf8");
  const written = pageWithRules(page, ATTRIBUTION_RULES, FALLBACK_RULES);
  if (withoutPadding(written) !== withoutPadding(page)) await writeFile(PAGE, written);
}
