import { expect, test } from "vitest";
import { matchesGlob, pathFilter } from "./globs.js";

const PATHS = [
  "README.md",
  "node_modules",
  "node_modules/x",
  "node_modules/x/index.js",
  "src",
  "src/a.ts",
  "src/deep",
  "src/deep/b.test.ts",
  "src/deep/b.ts",
];

/** Returns the paths that a walk takes, entering only folders that were taken. */
function taken(filter: { include?: string[]; exclude?: string[] }): string[] {
  const keep = pathFilter({ include: [], exclude: [], ...filter });
  const entered = new Set([""]);
  return PATHS.filter((path) => {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    if (!entered.has(folder) || keep(path) === "leave") return false;
    entered.add(path);
    return keep(path) === "take";
  }).filter((path) => /\.\w+$/.test(path));
}

test.each([
  [{}, ["README.md", "node_modules/x/index.js", "src/a.ts", "src/deep/b.test.ts", "src/deep/b.ts"]],
  [{ exclude: ["node_modules"] }, ["README.md", "src/a.ts", "src/deep/b.test.ts", "src/deep/b.ts"]],
  [{ exclude: ["node_modules/", "**/*.test.ts"] }, ["README.md", "src/a.ts", "src/deep/b.ts"]],
  [{ exclude: ["*"] }, []],
  [{ exclude: ["*", "!README.md"] }, ["README.md"]],
  [
    { exclude: ["src", "!src/deep/b.ts"] },
    ["README.md", "node_modules/x/index.js", "src/deep/b.ts"],
  ],
  [{ include: ["src"] }, ["src/a.ts", "src/deep/b.test.ts", "src/deep/b.ts"]],
  [{ include: ["src/*.ts"] }, ["src/a.ts"]],
  [{ include: ["**/b.ts"] }, ["src/deep/b.ts"]],
  [{ include: ["src/**"], exclude: ["**/*.test.ts"] }, ["src/a.ts", "src/deep/b.ts"]],
  [{ include: ["READM?.md"] }, ["README.md"]],
])("%j takes %j", (filter, wanted) => {
  expect(taken(filter)).toEqual(wanted);
});

test.each([
  ["*.md", ["README.md"]],
  ["**/*.ts", ["src/a.ts", "src/deep/b.test.ts", "src/deep/b.ts"]],
  ["src/*", ["src/a.ts", "src/deep"]],
  ["./src", ["src"]],
  ["**", PATHS],
])("the glob %s matches whole paths only", (pattern, matched) => {
  expect(PATHS.filter((path) => matchesGlob(pattern, path))).toEqual(matched);
});
