/** A command that the system refuses to start ends the run at once, with the exit code of a shell. */

import { closeSync, copyFileSync, openSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { builtRunner } from "./built-runner.js";

const runner = builtRunner();

/** A copy of a program that is open for writing. */
function busyProgram(): { path: string; release: () => void } {
  const path = runner.file();
  copyFileSync("/bin/true", path);
  const descriptor = openSync(path, "r+");
  return { path, release: () => closeSync(descriptor) };
}

type Refused = readonly [
  title: string,
  command: () => string,
  args: readonly string[],
  exitCode: number,
  reason: string,
];

const REFUSED: readonly Refused[] = [
  ["an empty name", () => "", [], 127, "its name is empty"],
  ["a name that is nowhere", () => "no-such-program", [], 127, "there is no such program"],
  ["a path through a file", () => "/etc/passwd/program", [], 126, "ENOTDIR"],
  ["a name that is too long", () => `./${"a".repeat(300)}`, [], 126, "ENAMETOOLONG"],
  ["a folder", () => "/", [], 126, "EACCES"],
  ["arguments that are too long", () => "true", ["a".repeat(3_000_000)], 126, "E2BIG"],
  ["a NUL byte", () => "true", ["a\0b"], 126, "NUL"],
  [
    "a link to itself",
    () => {
      const path = runner.file();
      symlinkSync(path, path);
      return path;
    },
    [],
    126,
    "ELOOP",
  ],
];

test.each(REFUSED)("%s is not started", async (_title, command, args, exitCode, reason) => {
  const ran = await runner.run({ command: command(), args, maxRetries: 3 });
  expect(ran.exitCode).toBe(exitCode);
  expect(ran.report).toMatchObject({ outcome: "not-started", exitCode, attempts: [] });
  expect(ran.report.warnings.map(({ text }) => text).join()).toContain(reason);
  expect(ran.report.durationMs).toBeLessThan(10_000);
});

test("a program that is being written is not started", async () => {
  const { path, release } = busyProgram();
  const ran = await runner.run({ command: path });
  release();
  expect(ran.exitCode).toBe(126);
  expect(ran.report.warnings.map(({ text }) => text).join()).toContain("ETXTBSY");
});
