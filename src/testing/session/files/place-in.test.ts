import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { placeIn } from "./place-in.js";

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), "place-in-"));
  mkdirSync(join(root, "real/sub"), { recursive: true });
  for (const [name, target] of [
    ["inner", "real/sub"],
    ["absolute", "/real"],
    ["out", "/etc"],
    ["up", "../../../../etc"],
    ["own", "ROOT/real"],
    ["real/back", "../../inner"],
    ["round", "round"],
  ] as const) {
    symlinkSync(target.replace("ROOT", root), join(root, name));
  }
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ["a/b", "a/b"],
  ["/a/./b//c", "a/b/c"],
  ["../../../a", "a"],
  ["inner/x", "real/sub/x"],
  ["absolute/x", "real/x"],
  ["out/passwd", "etc/passwd"],
  ["up/passwd", "etc/passwd"],
  ["own/x", "real/x"],
  ["absolute/back/x", "real/sub/x"],
  ["out", "etc"],
])("%s is at %s", async (path, place) => {
  expect(await placeIn(root, path)).toBe(join(root, place));
});

test("can keep the last link", async () => {
  expect(await placeIn(root, "absolute/back", "kept")).toBe(join(root, "real/back"));
});

test("links that form a circle are an error", async () => {
  await expect(placeIn(root, "round/x")).rejects.toThrow("too many levels of symbolic links");
});
