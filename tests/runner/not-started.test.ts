/**
 * Tests that a run ends at once when the system cannot start its command. It must have the exit code that a
 * shell would have.
 */

import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, readdirSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { describeWhere } from "../only-where.js";
import { builtRunner, type RunOrder } from "./built-runner.js";

const runner = builtRunner();

/** Creates a copy of a program that is open for writing, so that the system cannot start it. */
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
  [
    "a name that is nowhere",
    () => "no-such-program",
    [],
    127,
    "no such program, or the interpreter in its first line does not exist",
  ],
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

/** Runs a line of bash, in which RUN stands for the run. */
function within(order: RunOrder, script: string) {
  const { line, after } = runner.prepare(order);
  const words = line.map((word) => `'${word}'`).join(" ");
  const { stdout } = spawnSync("bash", ["-c", script.replace("RUN", words)], {
    env: runner.env(),
    encoding: "utf8",
  });
  return { after, stdout };
}

describeWhere(process.platform === "linux")("with few descriptors", () => {
  test("an own descriptor beyond the limit keeps no command from starting", () => {
    const order = { command: "echo", args: ["started"], inherited: [] };
    const { stdout, after } = within(order, "exec 250</dev/null; ulimit -n 64; exec RUN");
    expect(stdout).toBe("started\n");
    expect(after().report).toMatchObject({ outcome: "succeeded", exitCode: 0 });
  });

  test("pipes are created or not, and failed ones leave nothing behind", () => {
    const folder = runner.file();
    mkdirSync(folder);
    const program = `
      import { closeSync, openSync } from "node:fs";
      const { openPipes } = await import(${JSON.stringify(`${runner.dist}/runner/output/real-pipe.js`)});
      await openPipes(["read"]);
      for (let free = 0; free < 10; free += 1) {
        const held = [];
        try {
          for (;;) held.push(openSync("/dev/null"));
        } catch {}
        for (const one of held.splice(0, free)) closeSync(one);
        const pipes = await openPipes(["read", "read"]);
        for (const { readEnd, writeEnd } of pipes ?? []) held.push(readEnd, writeEnd);
        for (const one of held) closeSync(one);
      }
      console.log("done");`;
    const line = `ulimit -n 64; exec '${process.execPath}' --input-type=module -e "$PROGRAM"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", line], {
      env: { ...runner.env(), TMPDIR: folder, PROGRAM: program },
      encoding: "utf8",
    });
    expect([stdout, stderr]).toEqual(["done\n", ""]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
