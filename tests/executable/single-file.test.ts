/** The single file runs where there is no Node.js, whatever the environment wants of one. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = join(ROOT, "scripts/build-executable.mjs");
const FIXTURES = new URL("../fixtures/attribution/", import.meta.url);

let folder = "";
let program = "";

interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the single file in an environment that has no program but those that a test gives it. */
function run(
  args: readonly string[],
  { stdin = "", env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Run> {
  return start(program, args, { stdin, env: { PATH: "", HOME: folder, ...env } });
}

async function start(
  command: string,
  args: readonly string[],
  { stdin = "", env = process.env }: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
  const child = spawn(command, args, { env });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  // A program that ends without reading closes its input.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, ...output };
}

/** A program named `dagger` that runs one of the stand-ins of the tests. */
function fakeDagger(script: string): string {
  const dagger = join(mkdtempSync(join(folder, "bin-")), "dagger");
  const path = fileURLToPath(new URL(script, import.meta.url));
  writeFileSync(dagger, `#!/bin/sh\nexec '${process.execPath}' '${path}' "$@"\n`);
  chmodSync(dagger, 0o755);
  return dagger;
}

function recorded(id: string): { readonly stdout: string; readonly stderr: string } {
  const lines = readFileSync(new URL("commands.jsonl", FIXTURES), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line)).find((command) => command.id === id);
}

describe.skipIf(process.platform !== "linux")("the single file", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dagger-breaker-executable-"));
    program = join(folder, "dagger-breaker");
    execFileSync(process.execPath, [BUILD, "--output", program], { stdio: "pipe" });
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("knows the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const expected = { exitCode: 0, stdout: `${version}\n`, stderr: "" };
    expect(await run(["--version"])).toEqual(expected);
  });

  test("prints help, and refuses what it does not know", async () => {
    const { exitCode, stdout, stderr } = await run(["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/classify .+quota .+mirrors .+trace /s);
    expect(await run(["--inspect"])).toMatchObject({ exitCode: 64, stdout: "" });
  });

  test("leaves alone what NODE_OPTIONS asks of other programs, and hands it on to them", async () => {
    const env = { NODE_OPTIONS: "--require=/nowhere/preload.cjs" };
    expect(await run(["--version"], { env })).toMatchObject({ exitCode: 0, stderr: "" });
    const shell = ["/bin/sh", "-c", 'echo "$NODE_OPTIONS"'];
    const { stdout } = await run(["trace", "--", ...shell], { env });
    expect(stdout).toBe(`${env.NODE_OPTIONS}\n`);
  });

  test("classifies a recorded log", async () => {
    const { stdout, stderr } = recorded("pull-429");
    const result = await run(["classify", "--json"], { stdin: stdout + stderr });
    expect(result).toMatchObject({ exitCode: 31, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({
      failure: { fault: "registry", upstream: "registry-1.docker.io", limited: true },
    });
  });

  test("traces a command through its own receiver", async () => {
    const dagger = fakeDagger("../cli/fake-dagger.mjs");
    const { exitCode, stdout, stderr } = await run(["trace", "--", dagger, "call"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "the output of the command\n" });
    expect(stderr).toMatch(/16 requests to the engine\nREGISTRY .*\nregistry-1\.docker\.io +11 /);
  });

  test("ends by the exit code of the command that it traces, and by 127 when there is none", async () => {
    expect(await run(["trace", "--", "/bin/sh", "-c", "exit 3"])).toMatchObject({ exitCode: 3 });
    expect(await run(["trace", "--", "dagger", "call"])).toMatchObject({ exitCode: 127 });
  });

  test("lies beside the licences of all that is in it", () => {
    const text = readFileSync(`${program}.licenses.txt`, "utf8");
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const titles = [...text.matchAll(/^(.+)\n=+$/gm)].map(([, title = ""]) => title.split(" ")[0]);
    const expected = ["dagger-circuit-breaker", ...Object.keys(dependencies), "Node.js"];
    expect(titles).toEqual(expect.arrayContaining(expected));
    expect(text).toMatch(/Apache License.+Copyright.+GraphQL.+Copyright Node\.js contributors/s);
  });
});

describe.skipIf(process.platform !== "linux")("a single file that cannot be made", () => {
  test.each([
    ["does not run", "exit 2", "is no Node.js: --version failed (2)"],
    ["is too old", "echo v22.23.3", "is 22.23.3."],
    ["has no room for a program", "echo v24.21.0", "is 24.21.0, built without room for a program."],
  ])("is told of by a Node.js that %s", async (_, script, expected) => {
    const node = join(mkdtempSync(join(tmpdir(), "dagger-breaker-node-")), "node");
    writeFileSync(node, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { exitCode, stderr } = await start(process.execPath, [BUILD, "--node", node]);
    rmSync(dirname(node), { recursive: true });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: .+\n$/);
    expect(stderr).toContain(`${node} ${expected}`);
  });

  test("is told of by an option that there is not", async () => {
    const { exitCode, stderr } = await start(process.execPath, [BUILD, "--nod", "x"]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "error: Unknown option '--nod'\nUsage: build-executable.mjs [--node <binary>] [--output <file>]\n",
    );
  });
});
