/** Tests that every promise of docs/fleet.md names a test that exists. */

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const PAGE = new URL("../../docs/fleet.md", import.meta.url);
const page = readFileSync(PAGE, "utf8");
const guarantees = page
  .slice(page.indexOf("| guarantee | proof |"))
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(1);

test.each(guarantees)("%s has an existing proof", (line) => {
  const [, , proof = ""] = line.split("|");
  const links = [...proof.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
  expect(links).not.toEqual([]);
  expect(links.filter((link) => !existsSync(new URL(link, PAGE)))).toEqual([]);
});

test("the guarantees are those of a whole table", () => {
  expect(guarantees.length).toBeGreaterThan(8);
});
