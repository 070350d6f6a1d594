import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepCompiledCode } from "./compile-cache.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "compile-cache-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test("compiled code is kept beside the program", () => {
  const enableCompileCache = vi.fn();
  keepCompiledCode(folder, { enableCompileCache });
  expect(enableCompileCache.mock.calls).toEqual([[join(folder, ".compile-cache")]]);
});

test("leaves nothing in another user's installation", () => {
  const enableCompileCache = vi.fn();
  vi.spyOn(process, "geteuid").mockReturnValue(12_345);
  keepCompiledCode(folder, { enableCompileCache });
  expect(enableCompileCache).not.toHaveBeenCalled();
});

test("a Node.js without a cache, or without access to the folder, starts as before", () => {
  const refuse = () => {
    throw new Error("access denied");
  };
  expect(() => {
    keepCompiledCode(folder, {});
    keepCompiledCode(folder, { enableCompileCache: refuse });
    keepCompiledCode(join(folder, "missing"), { enableCompileCache: refuse });
  }).not.toThrow();
});
