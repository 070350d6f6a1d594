/** Finds which modules the files of the project import, by reading the text of the files. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ROOT } from "./command.mjs";

const IMPORT =
  /^\s*(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/gm;
const known = new Map();

/** Returns the paths of all test files, relative to the project's root and with slashes. */
export function findTestFiles() {
  return ["src", "tests"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".test.ts") && !path.includes("/node_modules/"))
      .sort(),
  );
}

/**
 * Returns the file and everything that it imports, directly or through others. Imports of types do not
 * count. The search stops at modules for which `isLeaf` is true. Builtin modules keep their names.
 */
export function importsOf(file, isLeaf = () => false) {
  const seen = new Set();
  const waiting = [file];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next === file || !isLeaf(next)) waiting.push(...directImports(next));
  }
  return seen;
}

function directImports(file) {
  const found = known.get(file);
  if (found !== undefined) return found;
  const isSource = /\.(ts|mjs)$/.test(file) && existsSync(join(ROOT, file));
  const text = isSource ? readFileSync(join(ROOT, file), "utf8") : "";
  const names = [...text.matchAll(IMPORT)].map(([, from, dynamic]) => from ?? dynamic);
  const imports = names.map((name) => resolve(file, name));
  known.set(file, imports);
  return imports;
}

function resolve(file, name) {
  if (!name.startsWith(".")) return name;
  const path = posix.join(posix.dirname(file), name);
  const source = path.replace(/\.js$/, ".ts");
  return existsSync(join(ROOT, source)) ? source : path;
}
