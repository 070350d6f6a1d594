/**
 * Tests scripts/measure-request-path.mjs: the number of files that a request passes, and the functions that
 * report their entry. Instrumented functions must still do the same as before.
 */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../scripts/packaging/cache.mjs";
import { instrument } from "../scripts/request-path/instrument.mjs";
import { buildPackage } from "./build.js";

const SCRIPT = join(ROOT, "scripts/measure-request-path.mjs");

/** Runs `main` of an instrumented module. Returns its result and the number of entries. */
async function entriesOf(text: string): Promise<{ value: unknown; entries: number }> {
  let entries = 0;
  const globals = globalThis as { __entered?: (file: number) => void };
  const encoded = encodeURIComponent(instrument(text, 7));
  const { main } = await import(`data:text/javascript,${encoded}`);
  globals.__entered = (file) => {
    entries += file === 7 ? 1 : 100;
  };
  try {
    return { value: await main(), entries };
  } finally {
    delete globals.__entered;
  }
}

test.each<[what: string, text: string, value: unknown, entries: number]>([
  ["a declared function", "export function main() { return 1; }", 1, 1],
  ["a function that a module holds", "export const main = () => ({ a: 1 });", { a: 1 }, 1],
  [
    "methods and accessors, and no constructor",
    "class A { #n; constructor() { this.#n = 1; } get n() { return this.#n; } add() { return this.n + 1; } } export function main() { return new A().add(); }",
    2,
    3,
  ],
  [
    "a function that a class holds",
    "class A { f = (n) => n; } export function main() { return new A().f(2); }",
    2,
    2,
  ],
  [
    "no synchronous function within another",
    "export function main() { const f = (n) => n * 2; return [1, 2].map((n) => f(n)); }",
    [2, 4],
    1,
  ],
  [
    "an asynchronous function within another",
    "export async function main() { const f = async (n) => n * 2; return f(await f(1)); }",
    4,
    3,
  ],
])("%s is reported as it should", async (_what, text, value, entries) => {
  expect(await entriesOf(text)).toEqual({ value, entries });
});

test("a guarded request passes few files, and switches seldom between them", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, await buildPackage()]);
  const [, files = "", switches = ""] = /^healthy request +(\d+) +(\d+)$/m.exec(stdout) ?? [];
  expect(Number(files)).toBeLessThanOrEqual(18);
  expect(Number(switches)).toBeLessThanOrEqual(60);
  const [, failing = "", back = ""] = /^failing pull +(\d+) +(\d+)$/m.exec(stdout) ?? [];
  expect(Number(failing)).toBeLessThanOrEqual(32);
  expect(Number(back)).toBeLessThanOrEqual(250);
  expect(Math.min(Number(files), Number(failing))).toBeGreaterThan(0);
});
