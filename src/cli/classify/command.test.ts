import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { run } from "../command-line.js";

const folder = mkdtempSync(join(tmpdir(), "classify-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTLESS = "Error: invalid response status 503 Service Unavailable\n";

async function classify(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stdin = Readable.from([Buffer.from(HOSTLESS)]);
  const exitCode = await run(["classify", ...args], { stdin, stdout, stderr, env: {} } as never);
  return { exitCode, stdout: String(stdout.read()), stderr: String(stderr.read()) };
}

async function upstreamOf(...args: string[]): Promise<string | null> {
  const { stdout } = await classify("--json", ...args);
  return JSON.parse(stdout).failure.upstream;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("the command names the host if the output does not, quoted as in a shell", async () => {
  expect(await upstreamOf()).toBeNull();
  const line = "sudo dagger -s call fetch --url 'https://dl.acme.dev/x' 2>&1 | tee dagger.log";
  expect(await upstreamOf("--command", line)).toBe("dl.acme.dev");
  const two = `${line}; dagger call fetch --url "https://cdn.acme.dev/x"`;
  expect(await upstreamOf("--command", two)).toBeNull();
});

test("the command's standard input names it too", async () => {
  const query = file("query.graphql", '{ http(url: "https://dl.acme.dev/x") { contents } }');
  expect(await upstreamOf("--command", "dagger query", "--stdin", query)).toBe("dl.acme.dev");
  const script = file("ci.dsh", "http https://dl.acme.dev/x | contents");
  expect(await upstreamOf("--command", "dagger -M", "--stdin", script)).toBe("dl.acme.dev");
});

test("no secret of the command is printed", async () => {
  const line =
    "dagger call fetch --token hunter2 --url https://bot:hunter2@dl.acme.dev/x?k=hunter2";
  const { stdout, stderr } = await classify("--command", line);
  expect(stdout).toMatch(/upstream +dl\.acme\.dev\n/);
  expect(stdout + stderr).not.toContain("hunter2");
});

test.each([
  [["--stdin", "a.graphql"], /--command is missing; --stdin needs it/],
  [
    ["--command", "dagger query", "--stdin", "-"],
    /invalid --stdin "-": standard input already provides .* use a file/,
  ],
  [
    ["log.txt", "--command", "dagger query", "--stdin", "-", "--query", "-"],
    /invalid --query "-": --stdin already reads standard input; use a file/,
  ],
])("%j is a usage error that names the option", async (args, message) => {
  const { exitCode, stderr } = await classify(...args);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(message);
});

test.each([
  ["the text", (path: string) => [path], "the output of a dagger command"],
  ["--query", (path: string) => ["--query", path], "one GraphQL request"],
  [
    "--stdin",
    (path: string) => ["--command", "dagger query", "--stdin", path],
    "the standard input of the command in --command",
  ],
  ["--response", (path: string) => ["--response", path], "one recorded answer"],
])("%s that is empty is an error that calls it so", async (_what, args, expected) => {
  const path = file("empty", " \n");
  const { exitCode, stderr } = await classify(...args(path));
  expect(exitCode).toBe(66);
  expect(stderr).toContain(`error: ${JSON.stringify(path)} is empty; expected ${expected}`);
});

test("an empty output is classified by its exit code", async () => {
  expect((await classify("--exit-code", "3", file("silent", ""))).exitCode).toBe(20);
});
