/**
 * Tests that each attempt gets the same input, or that there is no retry. The runner must not read input
 * before the command does.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { builtRunner, type RunAfter, type RunOrder } from "./built-runner.js";

const runner = builtRunner();
const FAILURE = "failed to do request: Get https://ghcr.io/v2/: 503 Service Unavailable";
const NOT_AGAIN = /^standard input is a (pipe|socket), .* --stdin replay or < \/dev\/null$/;

interface Told extends RunAfter {
  readonly stdout: string;
  readonly starts: number;
}

/**
 * Returns a program that reads its input, or a file. Its first start fails with an error of a registry, and
 * its second start succeeds.
 */
function reading(
  file: string,
  ...read: string[]
): Pick<RunOrder, "command" | "args" | "maxRetries"> {
  const script = `echo x >> "$0"; echo "attempt: $(cat "$@")"; [ "$(wc -l < "$0")" -gt 1 ] || { echo "${FAILURE}" >&2; exit 1; }`;
  return { command: "sh", args: ["-c", script, file, ...read], maxRetries: 1 };
}

/** Runs the program of `reading` in a line of shell, in which RUN stands for the run. */
function inShell(shell: string, order: RunOrder = {}, ...read: string[]): Told {
  const file = runner.file();
  const { line, after } = runner.prepare({ ...reading(file, ...read), ...FAST, ...order });
  const words = line.map((word) => `'${word}'`).join(" ");
  const stdout = execFileSync("bash", ["-c", shell.replace("RUN", `{ ${words} || true; }`)], {
    env: { ...runner.env(), PS4: "" },
    encoding: "utf8",
    timeout: 200_000,
    maxBuffer: 16 * 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return { ...after(), stdout, starts: readFileSync(file, "utf8").trim().split("\n").length };
}

/**
 * Declares the registry, because the output of a program other than dagger counts only for declared
 * upstreams.
 */
const FAST: RunOrder = { guard: { needs: ["registry:ghcr.io"] }, initialDelayMs: 1 };

function list(): string {
  const file = runner.file();
  writeFileSync(file, "one\ntwo\nthree\n");
  return file;
}

describe("standard input in a retry", () => {
  test("is a file again, from its position at our start", () => {
    const told = inShell(`{ read -r first; RUN; } < ${list()}`);
    expect(told.stdout).toBe("attempt: two\nthree\nattempt: two\nthree\n");
    expect(told.report).toMatchObject({ outcome: "succeeded", notRepeated: null });
  });

  test.each([
    ["/dev/null", "RUN < /dev/null"],
    ["a pipe that is at its end", ": | { sleep 0.3; RUN; }"],
  ])("may be %s", (_title, shell) => {
    const told = inShell(shell);
    expect(told).toMatchObject({ starts: 2, stdout: "attempt: \nattempt: \n" });
    expect(told.report).toMatchObject({ outcome: "succeeded", notRepeated: null });
  });

  test.each([
    ["holds something, and is written no more", "echo one | { sleep 0.3; RUN; }"],
    ["may hold something later", "{ sleep 1; echo one; } | RUN"],
  ])("is missing, so there is no retry, when it is a pipe that %s", (_title, shell) => {
    const told = inShell(shell);
    expect(told).toMatchObject({ starts: 1, stdout: "attempt: one\n" });
    expect(told.report).toMatchObject({
      outcome: "failed",
      exitCode: 1,
      attempts: [{ failure: { fault: "registry" } }],
      notRepeated: expect.stringMatching(NOT_AGAIN),
    });
  });

  test.each([
    ["at its end", "", 2],
    ["not at its end", "one", 1],
  ])("may be a socket if it is %s", async (_title, written, starts) => {
    const file = runner.file();
    const { line, after } = runner.prepare({ ...reading(file), ...FAST });
    const [program = "", ...args] = line;
    const child = spawn(program, args, { env: runner.env(), stdio: ["pipe", "pipe", "ignore"] });
    child.stdin.end(written);
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    await once(child, "close");
    expect(stdout).toBe(`attempt: ${written}\n`.repeat(starts));
    const notRepeated = starts === 1 ? expect.stringMatching(NOT_AGAIN) : null;
    expect(after().report).toMatchObject({ notRepeated });
  });

  test("is left alone if the command is started only once", () => {
    const told = inShell("echo one | RUN", { maxRetries: 0 });
    expect(told.report).toMatchObject({ outcome: "failed", notRepeated: null });
  });

  test("is not read ahead, so that a loop around us continues", () => {
    const loop = `cat ${list()} | while read -r x; do echo "$x"; RUN; done`;
    const script = `echo "${FAILURE}" >&2; exit 1`;
    const order = { command: "sh", args: ["-c", script] };
    expect(loopOf(loop, order)).toBe("one\ntwo\nthree\n");
  });
});

/** Runs a line of shell that starts the run several times. Returns the output. */
function loopOf(shell: string, order: RunOrder): string {
  const { line } = runner.prepare({ maxRetries: 1, ...FAST, ...order });
  const words = line.map((word) => `'${word}'`).join(" ");
  // Each run overwrites its order file with its report, so the order is saved and restored.
  const file = line.at(-1);
  const run = `{ cp '${file}' '${file}.order'; ${words} || true; cp '${file}.order' '${file}'; }`;
  return execFileSync("bash", ["-c", shell.replace("RUN", run)], {
    env: runner.env(),
    encoding: "utf8",
    timeout: 200_000,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

describe("--stdin replay", () => {
  const replay: RunOrder = { stdin: "replay" };

  test("repeats the data read so far, and then continues", () => {
    const told = inShell("{ echo one; sleep 0.5; echo two; } | RUN", replay);
    expect(told.stdout).toBe("attempt: one\ntwo\nattempt: one\ntwo\n");
    expect(told.report).toMatchObject({ outcome: "succeeded", notRepeated: null });
  });

  test("gives a pipe that a command may open by its name", () => {
    const told = inShell("echo one | RUN", replay, "/dev/stdin");
    expect(told.stdout).toBe("attempt: one\nattempt: one\n");
  });

  test("passes more than it keeps, once", () => {
    const told = inShell("head -c 3000000 /dev/zero | tr '\\0' x | RUN", replay);
    expect(told.stdout).toHaveLength("attempt: \n".length + 3_000_000);
    expect(told.starts).toBe(1);
    expect(told.report.notRepeated).toContain("longer than the 1 MiB that --stdin replay keeps");
  });
});

describe("the input that an argument or a variable names", () => {
  test.each([
    ["/dev/fd/N", "RUN 7< <(echo one)", ["/dev/fd/7"], "/dev/fd/7 is a pipe or a socket"],
    ["/proc/self/fd/N", "RUN 7< <(echo one)", ["/proc/self/fd/7"], "/proc/self/fd/7 is a pipe"],
  ])("cannot be read again if it is a pipe (%s)", (_title, shell, read, reason) => {
    const told = inShell(`{ ${shell}; } < /dev/null`, { inherited: [7] }, ...read);
    expect(told).toMatchObject({ starts: 1, stdout: "attempt: one\n" });
    expect(told.report.notRepeated).toContain(reason);
  });

  test("cannot be read again if it is a named pipe", () => {
    const pipe = runner.file();
    const told = inShell(`mkfifo ${pipe}; echo one > ${pipe} & RUN < /dev/null; wait`, {}, pipe);
    expect(told).toMatchObject({ starts: 1, stdout: "attempt: one\n" });
    expect(told.report.notRepeated).toContain("an argument names a pipe");
  });

  test("is read again if it is a file", () => {
    const told = inShell(`RUN 7< ${list()} < /dev/null`, { inherited: [7] }, "/dev/fd/7");
    expect(told).toMatchObject({ starts: 2 });
    expect(told.report).toMatchObject({ outcome: "succeeded", notRepeated: null });
  });

  test("may be written to", () => {
    const told = inShell(
      "RUN 7> >(cat > /dev/null) < /dev/null",
      {},
      "--",
      "/dev/null",
      "/dev/fd/7",
    );
    expect(told.report.notRepeated).toBeNull();
  });
});
