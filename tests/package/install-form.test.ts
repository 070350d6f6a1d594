/** Tests that every page installs this package in the one safe form, and never by the name of its program. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { downloadsIn, filesForUsers, withInstallForm } from "../../scripts/install-form.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const { name, version } = JSON.parse(read("package.json")) as { name: string; version: string };
const TARBALL = `./${name}-${version}.tgz`;

describe("texts for users", () => {
  const files = filesForUsers();

  test("are found", () => {
    expect(files).toEqual(
      expect.arrayContaining(["README.md", "action.yml", "docs/ci.md", "src/cli/main.ts"]),
    );
  });

  test("have one form of installing the package; node scripts/install-form.mjs writes it", () => {
    const others = files.filter((path) => withInstallForm(read(path)) !== read(path));
    expect(others).toEqual([]);
  });

  test("start the program only where no registry is asked for it", () => {
    const found = files.flatMap((path) =>
      downloadsIn(read(path)).map((text) => `${path}: ${text}`),
    );
    expect(found).toEqual([]);
  });
});

test.each([
  [`npm install ${name}`],
  [`npm install --global ${name}@1.0.0`],
  [`npm i ../clone/${name}-*.tgz @dagger.io/dagger`],
  [`    - npm install --global https://files.example.com/${name}-0.0.9.tgz`],
])("%s gets the form", (command) => {
  expect(withInstallForm(command)).toContain(` ${TARBALL}`);
});

test.each([
  [`npm install @redis/client`],
  [`npm install ${name}-plugin`],
  [`import { CircuitBreaker } from "${name}";`],
  [`git clone ${name}`],
])("%s stays as it is", (text) => {
  expect(withInstallForm(text)).toBe(text);
});

test.each([
  "npx dagger-breaker",
  "npx --yes dagger-breaker run",
  "npx dagger-circuit-breaker run",
  "npm exec -- dagger-breaker",
  "pnpm dlx dagger-breaker",
])("%s is found", (command) => {
  expect(downloadsIn(`run: ${command} --help`)).toHaveLength(1);
});

test.each([
  "npx --no-install dagger-breaker",
  "npm exec --no -- dagger-breaker",
  "dagger-breaker run -- npx vitest",
])("%s asks no registry", (command) => {
  expect(downloadsIn(`run: ${command}`)).toEqual([]);
});
