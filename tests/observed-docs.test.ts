/**
 * Tests docs/observed.md and findings/: every link leads to a file, and every test and script that is named
 * exists.
 */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const page = read("docs/observed.md");
const scripts = existsSync(new URL("findings/", ROOT))
  ? readdirSync(new URL("findings/", ROOT))
      .filter((name) => name.endsWith(".sh"))
      .sort()
  : [];

/** The page's links to files outside of docs/. The title of a link is the title of a test in that file. */
const links = [...page.matchAll(/\]\(\.\.\/([^)\s]+)(?: "([^"]*)")?\)/g)].map(
  ([, path = "", title]) => ({ path, title }),
);
const rows = page.split("\n").filter((line) => /^\| (?!Guess|-)/.test(line));

test("every row names a guess, what was seen, how, and what stands for it here", () => {
  expect(rows.length).toBeGreaterThan(50);
  for (const row of rows) {
    const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    expect(cells, row).toHaveLength(6);
    expect(cells.slice(1, 5), row).not.toContain("");
    expect(cells[3], row).toMatch(/^(?:engine|loopback|\[script\]\(\.\.\/findings\/[\w-]+\.sh\))$/);
    const here = cells[4] ?? "";
    expect(here === "-" || /\]\(\.\.\/(?:tests|src)\//.test(here), row).toBe(true);
  }
});

test.each(links.map((link) => [link.path, link] as const))("%s is there", (_path, link) => {
  expect(existsSync(new URL(link.path, ROOT))).toBe(true);
  if (!/\.test\.ts$/.test(link.path)) return;
  expect(link.title, "a link to a test has its title").toBeTruthy();
  expect(read(link.path)).toContain(link.title?.replaceAll("&quot;", '"'));
});

test("the page has the rows of findings/observed.json: else run scripts/write-observed-docs.mjs", async () => {
  const { pageWithObserved } = await import(new URL("scripts/write-observed-docs.mjs", ROOT).href);
  const sections = JSON.parse(read("findings/observed.json"));
  expect(page).toBe(pageWithObserved(page, sections));
  const other = [{ ...sections[0], rows: [{ ...sections[0].rows[0], seen: "something else" }] }];
  expect(pageWithObserved(page, other)).toContain("| something else |");
});

test("links to other pages lead to them", () => {
  for (const [, name = ""] of page.matchAll(/\]\(([\w-]+\.md)/g)) {
    expect(existsSync(new URL(`docs/${name}`, ROOT)), name).toBe(true);
  }
});

/**
 * Parses the comment at the head of a script. Returns its title, and the text of each part, such as "Guess"
 * and "Seen".
 */
function headOf(script: string) {
  const [, ...lines] = read(`findings/${script}`).split("\n");
  const end = lines.findIndex((line) => !line.startsWith("#"));
  const text = lines
    .slice(0, end)
    .map((line) => line.replace(/^# ?/, ""))
    .join("\n");
  const [title = "", ...parts] = text.split(/^(Versions|Guess|Seen|Output):/m);
  const named: Record<string, string> = { title: title.replace(/\s+/g, " ").trim() };
  for (let index = 0; index + 1 < parts.length; index += 2) {
    named[parts[index] ?? ""] = (parts[index + 1] ?? "").replace(/\s+/g, " ").trim();
  }
  return named;
}

describe.each(scripts)("findings/%s", (script) => {
  test("can be run, and its head has versions, a guess, what was seen and what it printed", () => {
    const { mode } = statSync(new URL(`findings/${script}`, ROOT));
    expect(mode & 0o111).not.toBe(0);
    const head = headOf(script);
    for (const part of ["title", "Versions", "Guess", "Seen", "Output"]) {
      expect(head[part], part).toBeTruthy();
    }
  });

  test("is linked from the page, and installs nothing without its version", () => {
    expect(links.map(({ path }) => path)).toContain(`findings/${script}`);
    for (const [, names = ""] of read(`findings/${script}`).matchAll(
      /^\s*(?:npm|pip|"\$pip") install ([^\n]*)$/gm,
    )) {
      const packages = names.split(" ").filter((word) => word !== "" && !word.startsWith("-"));
      expect(packages.filter((name) => !/(?:@|==)\d/.test(name))).toEqual([]);
    }
  });
});

test("the index of the findings has a row for each, with its title and versions", () => {
  const index = scripts.map((script) => {
    const { title, Versions: versions } = headOf(script);
    return `| [${script}](${script}) | ${title} | ${versions} |`;
  });
  const listed = read("findings/README.md")
    .split("\n")
    .filter((line) => line.startsWith("| ["));
  expect(listed).toEqual(index);
});
