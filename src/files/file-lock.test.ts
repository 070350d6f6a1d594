import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FileLockedError, replaceLocked } from "./file-lock.js";

let folder: string;
let target: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-lock-"));
  target = join(folder, "digests.json");
  lock = `${target}.lock`;
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const MAX_WAIT_MS = 50;
const LONG_AGO = new Date(Date.now() - 3_600_000);

function replace(): void {
  replaceLocked(target, MAX_WAIT_MS, () => "new");
}

test.each([
  ["a link that leads nowhere", () => symlinkSync("nowhere", lock)],
  ["a link to itself", () => symlinkSync("digests.json.lock", lock)],
  [
    "a link to an old file",
    () => {
      writeFileSync(join(folder, "other"), "theirs");
      utimesSync(join(folder, "other"), LONG_AGO, LONG_AGO);
      symlinkSync("other", lock);
    },
  ],
  [
    "an old folder",
    () => {
      mkdirSync(lock);
      utimesSync(lock, LONG_AGO, LONG_AGO);
    },
  ],
  [
    "an old pipe",
    () => {
      execFileSync("mkfifo", [lock]);
      utimesSync(lock, LONG_AGO, LONG_AGO);
    },
  ],
])("waits for %s in place of a lock, then reports it, and leaves it alone", (_what, make) => {
  make();
  const before = lstatSync(lock).ino;
  const names = readdirSync(folder);
  const start = performance.now();
  expect(replace).toThrow(FileLockedError);
  expect(performance.now() - start).toBeGreaterThanOrEqual(MAX_WAIT_MS - 1);
  expect(lstatSync(lock).ino).toBe(before);
  expect(readdirSync(folder)).toEqual(names);
});

test("leaves an old lock of another user alone", () => {
  writeFileSync(lock, "theirs");
  utimesSync(lock, LONG_AGO, LONG_AGO);
  vi.spyOn(process, "geteuid").mockReturnValue((process.geteuid?.() ?? 0) + 1);
  expect(replace).toThrow(FileLockedError);
  expect(readFileSync(lock, "utf8")).toBe("theirs");
});

test("takes over an old lock of our own user", () => {
  writeFileSync(lock, "half of");
  utimesSync(lock, LONG_AGO, LONG_AGO);
  replace();
  expect(readFileSync(target, "utf8")).toBe("new");
  expect(existsSync(lock)).toBe(false);
});
