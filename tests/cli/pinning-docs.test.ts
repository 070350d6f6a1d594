// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are those of other languages.

/** Tests the pattern for Renovate in docs/pinning.md: it finds all images of pipelines and nothing else. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../../docs/pinning.md", import.meta.url), "utf8");
const config = JSON.parse(/^```json\n(.*?)^```/ms.exec(page)?.[1] ?? "");
const [manager] = config.customManagers;
const DIGEST = `sha256:${"1".repeat(64)}`;

/**
 * Searches like Renovate's strategy "recursive": each pattern searches the matches of the pattern before
 * it.
 */
function imagesIn(text: string, [pattern, ...further]: readonly string[] = manager.matchStrings) {
  if (pattern === undefined) return [];
  return [...text.matchAll(new RegExp(pattern, "g"))].flatMap((match): object[] =>
    further.length === 0 ? [{ ...match.groups }] : imagesIn(match[0], further),
  );
}

test.each([
  ['dag.container().from("alpine:3.20").withExec(["sh"])', "alpine", "3.20"],
  ["dag\n  .container()\n  .from('alpine:3.20')", "alpine", "3.20"],
  ["c?.from(`ghcr.io/acme/app:1`,)", "ghcr.io/acme/app", "1"],
  ['dag.Container().From("golang:1.22")', "golang", "1.22"],
  ["dag.container().from_('python:3.12')", "python", "3.12"],
  ['dag.container().from_(address="python:3.12")', "python", "3.12"],
  ["$c->from(address: 'php:8')", "php", "8"],
  ['|> Dagger.Container.from("elixir:1")', "elixir", "1"],
  ['with_from("rust:1")', "rust", "1"],
  ['{ container { from(address: "alpine:3") { id } } }', "alpine", "3"],
  ['from(address:"localhost:5000/a/b:1.2-x")', "localhost:5000/a/b", "1.2-x"],
])("Renovate finds the image of %j", (text, depName, currentValue) => {
  expect(imagesIn(text)).toEqual([{ depName, currentValue, currentDigest: undefined }]);
});

test("Renovate finds the digest of an image that is pinned", () => {
  const text = `c.from(\n  "r.example:5000/app:v1@${DIGEST}",\n).from("alpine:3@${DIGEST}")`;
  expect(imagesIn(text)).toEqual([
    { depName: "r.example:5000/app", currentValue: "v1", currentDigest: DIGEST },
    { depName: "alpine", currentValue: "3", currentDigest: DIGEST },
  ]);
});

test.each([
  "c.from(image)",
  'c.from("alpine")',
  'c.from("localhost:5000/app")',
  "c.from(`node:${version}`)",
  "c.from(`alpine:3.${minor}`)",
  "c.from(`${registry}/app:1`)",
  'c.from("node:" + version)',
  'c.from("user:hunter2@r.example/app:1")',
  'c.from("https://x.example/a:1")',
  `c.from("alpine@${DIGEST}")`,
  'import x from "a:1"',
  'knex.select().from("users")',
])("Renovate skips %j", (text) => {
  expect(imagesIn(text)).toEqual([]);
});

test("the patterns use only features of RE2, which Renovate uses", () => {
  for (const pattern of [...manager.matchStrings, ...manager.managerFilePatterns]) {
    expect(pattern).not.toMatch(/\(\?<?[=!]|\\[1-9]|\\k</);
  }
});

test("reads only programs in the folders of pipelines", () => {
  const [pattern = ""] = manager.managerFilePatterns as string[];
  const files = new RegExp(pattern.replace(/^\/|\/$/g, ""));
  const reads = ["ci/main.ts", ".dagger/src/index.ts", ".dagger/main.go", "ci/a/b.py", "ci/x.exs"];
  expect(reads.filter((file) => !files.test(file))).toEqual([]);
  expect(
    ["src/main.ts", "ci/README.md", "other/ci/a.ts"].filter((file) => files.test(file)),
  ).toEqual([]);
});
