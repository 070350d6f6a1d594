// The search for a lock file, and the files that do not count.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MAX_LOCK_BYTES } from "./lock-document.js";
import { digestIn, LockFile } from "./lock-file.js";

const ONE = `sha256:${"1".repeat(64)}`;
const TWO = `sha256:${"2".repeat(64)}`;

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lock-file-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes a file below the root, and creates the folders above it. Returns its path. */
function write(path: string, text: string): string {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

const lock = (digest: string) => `[["version","2"]]\n["","oci-sha",["alpine:3"],"${digest}"]\n`;
const lockedIn = (folder: string) => {
  const found = new LockFile(join(root, folder)).read();
  return found && digestIn(found, "docker.io/library/alpine:3", "linux/amd64");
};

test("uses the nearest file up to the root of the repository, and 1.0's first in a folder", () => {
  write(".git/HEAD", "");
  write(".dagger/lock", lock(TWO));
  expect(new LockFile(join(root, "a/b")).read()?.isLegacy).toBe(true);
  write("dagger.lock", lock(ONE));
  mkdirSync(join(root, "a/b"), { recursive: true });
  expect(lockedIn("a/b")).toBe(ONE);
  write("a/dagger.lock", lock(TWO));
  expect(lockedIn("a/b")).toBe(TWO);
});

test("a worktree ends at its file .git; without a repository only the folder itself counts", () => {
  write("dagger.lock", lock(ONE));
  write("tree/.git", "gitdir: elsewhere\n");
  mkdirSync(join(root, "plain/deep"), { recursive: true });
  expect([lockedIn("tree"), lockedIn("plain/deep"), lockedIn(".")]).toEqual([
    undefined,
    undefined,
    ONE,
  ]);
});

test("a folder, a dead link, a file that is too large and a missing folder lock nothing", () => {
  mkdirSync(join(root, "one/dagger.lock"), { recursive: true });
  mkdirSync(join(root, "two"));
  symlinkSync(join(root, "nowhere"), join(root, "two/dagger.lock"));
  write("three/dagger.lock", lock(ONE) + "#".repeat(MAX_LOCK_BYTES));
  for (const folder of ["one", "two", "three", "gone"]) expect(lockedIn(folder)).toBeUndefined();
});

test("does not read an unchanged file again", () => {
  write("dagger.lock", lock(ONE));
  const file = new LockFile(root);
  const before = file.read();
  expect(file.read()).toBe(before);
  write("dagger.lock", `${lock(ONE)}# more\n`);
  expect(file.read()).not.toBe(before);
});
