import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { run } from "./command-line.js";

async function output(args: readonly string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exitCode = await run(args, { stdin, stdout, stderr, env: {} });
  return { exitCode, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

/** Returns the help of a command and of all its subcommands, as pairs of names and help. */
async function helps(names: readonly string[] = []): Promise<[readonly string[], string][]> {
  const { exitCode, stdout } = await output([...names, "--help"]);
  expect({ names, exitCode }).toEqual({ names, exitCode: 0 });
  const [, list = ""] = /^Commands:\n((?: {2}.*\n)*)/m.exec(stdout) ?? [];
  const parts = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => [...names, name]);
  return [[names, stdout], ...(await Promise.all(parts.map(helps))).flat()];
}

const all = await helps();

test("the help of every command fits in 80 columns", () => {
  expect(all.length).toBeGreaterThan(20);
  const wide = all.flatMap(([names, help]) =>
    help
      .split("\n")
      .filter((line) => line.length > 80)
      .map((line) => `${names.join(" ")}: ${line}`),
  );
  expect(wide).toEqual([]);
});

test("the help of every command has an example that starts this program", () => {
  const without = all.filter(
    ([, help]) => !/^Examples:\n( {2}.*\n)*? {2}.*dagger-breaker/m.test(help),
  );
  expect(without.map(([names]) => names.join(" "))).toEqual([]);
});

test("no help lists an option in milliseconds, and required options are marked", () => {
  expect(all.filter(([, help]) => /-ms\b|milliseconds/.test(help))).toEqual([]);
  const [, isolate = ""] = all.find(([names]) => names[0] === "isolate") ?? [];
  const marked = [...isolate.replace(/\n {4,}/g, " ").matchAll(/^ +(--[\w-]+).*\(required\)/gm)];
  expect(marked.map(([, name]) => name)).toEqual(["--reason", "--for"]);
});

test("session prints our help, and points to that of the real CLI", async () => {
  for (const args of [
    ["session", "--help"],
    ["session", "-h"],
    ["help", "session"],
  ]) {
    const { exitCode, stdout } = await output(args);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: dagger-breaker session/);
    expect(stdout).toMatch(/dagger\s+session\s+--help/);
  }
});

test.each([
  [["help", "nosuch"], "run, session, trace"],
  [["nosuch"], "run, session, trace"],
  [["nosuch", "--help"], "run, session, trace"],
  [["help", "mirrors", "nosuch"], "write, check, help"],
  [["mirrors", "help", "nosuch"], "write, check, help"],
  [["mirrors", "nosuch"], "write, check, help"],
  [["digests", "nosuch"], "list, export, import, forget, help"],
])("%j is an error that names the commands", async (args, names) => {
  const { exitCode, stdout, stderr } = await output(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toContain(`error: unknown command "nosuch"; use one of ${names}`);
});

test("help of a part is that of the part", async () => {
  const { exitCode, stdout } = await output(["help", "mirrors", "write"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Usage: dagger-breaker mirrors write /);
});

test("a command without its subcommand is an error that names them", async () => {
  const { exitCode, stderr } = await output(["mirrors"]);
  expect(exitCode).toBe(64);
  expect(stderr).toBe(
    "error: the subcommand is missing; use one of write, check, help\nsee: dagger-breaker mirrors --help\n",
  );
});

test("the program without a command prints its help", async () => {
  const { exitCode, stderr } = await output([]);
  expect({ exitCode, start: stderr.slice(0, 28) }).toEqual({
    exitCode: 64,
    start: "Usage: dagger-breaker [optio",
  });
});

test.each([
  [["help", "digests", "list", "extra"], 'unknown command "dagger-breaker digests list extra"'],
  [["help", "run", "true"], 'unknown command "dagger-breaker run true"'],
])("%j has a word too many", async (args, message) => {
  const { exitCode, stdout, stderr } = await output(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toContain(message);
});

test("every option and argument for a file is called <file>", () => {
  expect(all.filter(([, help]) => /[<[]path[>\]]/.test(help)).map(([names]) => names)).toEqual([]);
});
