/**
 * Writes the rows of findings/observed.json into docs/observed.md: `node scripts/write-observed-docs.mjs`.
 *
 * A test fails when the page does not match the rows.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withGeneratedPart } from "./generated-part.mjs";

const SCRIPT = "write-observed-docs.mjs";
const PAGE = new URL("../docs/observed.md", import.meta.url);
const ROWS = new URL("../findings/observed.json", import.meta.url);

/** Returns the page with these sections, and a list of them at the start. */
export function pageWithObserved(page, sections) {
  const contents = sections.map(({ title }) => `[${title}](#${anchorOf(title)})`).join(", ");
  const text = [`Contents: ${contents}.`, ...sections.map(sectionText)].join("\n\n");
  return withGeneratedPart(page, SCRIPT, text);
}

function sectionText({ title, note, rows }) {
  const table = ["| Guess | Seen | How | Here |", "|---|---|---|---|", ...rows.map(rowText)];
  return [`## ${title}`, ...(note ? [note] : []), table.join("\n")].join("\n\n");
}

function rowText({ guess, seen, how, here = [] }) {
  const links = here.map(
    ({ shows, file, test }) => `[${shows}](../${file} "${test.replaceAll('"', "&quot;")}")`,
  );
  const cells = [
    guess.replaceAll("|", "\\|"),
    seen.replaceAll("|", "\\|"),
    how.endsWith(".sh") ? `[script](../${how})` : how,
    links.length === 0 ? "-" : links.join(", "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function anchorOf(title) {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sections = JSON.parse(readFileSync(ROWS, "utf8"));
  writeFileSync(PAGE, pageWithObserved(readFileSync(PAGE, "utf8"), sections));
}
