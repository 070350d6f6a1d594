/** Tests that the single file runs without Node.js, and ignores variables that are meant for Node.js. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { RedisServer } from "../fleet/redis/redis-server.js";
import { type BuiltTestKit, buildTestKit } from "../session-double/built.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = join(ROOT, "scripts/build-executable.mjs");
const FIXTURES = new URL("../fixtures/attribution/", import.meta.url);
/** Programs that need Node.js. The tests start them by path. */
const FAKE_DAGGER = fileURLToPath(new URL("../cli/fake-dagger.mjs", import.meta.url));
const PIPELINE = fileURLToPath(new URL("../cli/sdk-pipeline.mjs", import.meta.url));

let folder = "";
let program = "";

interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the single file. Its environment contains only the programs of the test. */
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
  // A program that ends without reading its input causes an error here, which must not end the test.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, ...output };
}

/** Creates a program named `dagger` that runs on Node.js without finding it on `PATH`. */
function daggerOf(script: string): string {
  const dagger = join(mkdtempSync(join(folder, "bin-")), "dagger");
  writeFileSync(dagger, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  chmodSync(dagger, 0o755);
  return dagger;
}

function recorded(id: string): { readonly stdout: string; readonly stderr: string } {
  const lines = readFileSync(new URL("commands.jsonl", FIXTURES), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line)).find((command) => command.id === id);
}

describe("the single file", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dagger-breaker-executable-"));
    program = join(folder, "dagger-breaker");
    execFileSync(process.execPath, [BUILD, "--output", program], { stdio: "pipe" });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("knows the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const expected = { exitCode: 0, stdout: `${version}\n`, stderr: "" };
    expect(await run(["--version"])).toEqual(expected);
  });

  test("prints help, and rejects unknown arguments", async () => {
    const { exitCode, stdout, stderr } = await run(["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/run .+session .+trace .+classify .+quota .+mirrors /s);
    expect(await run(["--inspect"])).toMatchObject({ exitCode: 64, stdout: "" });
  });

  test("ignores NODE_OPTIONS for itself, and passes it on to other programs", async () => {
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
    const dagger = daggerOf(FAKE_DAGGER);
    const { exitCode, stdout, stderr } = await run(["trace", "--", dagger, "call"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "the output of the command\n" });
    expect(stderr).toMatch(/16 requests to the engine\nREGISTRY .*\nregistry-1\.docker\.io +11 /);
  });

  test("ends with the exit code of the traced command, or 127 without one", async () => {
    expect(await run(["trace", "--", "/bin/sh", "-c", "exit 3"])).toMatchObject({ exitCode: 3 });
    expect(await run(["trace", "--", "dagger", "call"])).toMatchObject({ exitCode: 127 });
  });

  test("runs a command behind circuit breakers, and ends with its exit code", async () => {
    const { stderr: log, stdout: printed } = recorded("pull-429");
    const dagger = join(mkdtempSync(join(folder, "bin-")), "dagger");
    const script = join(dirname(dagger), "failing.mjs");
    writeFileSync(script, `console.error(${JSON.stringify(printed + log)}); process.exitCode = 1;`);
    writeFileSync(dagger, `#!/bin/sh\nexec '${process.execPath}' '${script}'\n`, { mode: 0o755 });
    const { exitCode, stderr } = await run(["run", "--", dagger, "call"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /\ndagger-breaker: failed \(registry registry-1\.docker\.io: .+\), exit /,
    );
  });

  describe("guards the sessions that an SDK opens", () => {
    const PULLS = [PIPELINE, "ghcr.io/acme/app:1", "ghcr.io/acme/app:2"];
    let kit: BuiltTestKit;
    let env: Record<string, string>;

    beforeAll(async () => {
      kit = await buildTestKit();
      const faults = [{ host: "ghcr.io", kind: "status", status: 429 }];
      env = {
        DAGGER_BREAKER_CLI: daggerOf(join(kit.folder, "testing/session/cli.js")),
        DAGGER_SESSION_DOUBLE: JSON.stringify({ faults }),
        // With traces on, an outcome waits for the spans, and the next pull would start before the circuit
        // opens.
        DAGGER_BREAKER_TRACES: "off",
      };
    });
    afterAll(() => kit.remove());

    test("as the program that runs the pipeline", async () => {
      const { exitCode, stdout, stderr } = await run(["run", "--", process.execPath, ...PULLS], {
        env,
      });
      expect({ exitCode, stdout }).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining("circuit open: registry:ghcr.io, retry in"),
      });
      expect(stderr).toMatch(/^dagger-breaker: succeeded, exit code 0, 1 request rejected, /m);
    });

    test("as the CLI that the SDK is told to start", async () => {
      const { exitCode, stdout } = await start(process.execPath, PULLS, {
        env: { PATH: "", HOME: folder, ...env, _EXPERIMENTAL_DAGGER_CLI_BIN: program },
      });
      expect({ exitCode, stdout }).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining("circuit open: registry:ghcr.io, retry in"),
      });
    });
  });

  describe("shares circuits with other machines", () => {
    const HUB = "registry:docker.io";
    const TOKEN = "t".repeat(32);
    const isolate = (env: Record<string, string>) =>
      run(["isolate", HUB, "--reason", "moves", "--for", "1h", "--owner", "ada"], { env });

    /** Expects that a circuit isolated by one process shows in a second one, and stops a run in a third. */
    async function expectShared(env: Record<string, string>): Promise<void> {
      expect(await isolate(env)).toMatchObject({ exitCode: 0 });
      const shown = await run(["status", HUB], { env });
      expect(shown).toMatchObject({ exitCode: 56, stderr: "" });
      expect(shown.stdout).toMatch(/registry:docker\.io +isolated .* moves +ada\n$/);
      const echo = ["--needs", HUB, "--", "/bin/echo", "started"];
      // A store on a busy machine may need longer than the default of a second.
      const patient = { ...env, DAGGER_BREAKER_STORE_TIMEOUT: "10s" };
      const refused = await run(["run", ...echo], { env: patient });
      expect(refused).toMatchObject({ exitCode: 75, stdout: "" });
      expect(refused.stderr).toContain(`circuit isolated: ${HUB}, since `);
      expect(await run(["release", HUB], { env })).toMatchObject({ exitCode: 0 });
      expect(await run(["run", ...echo], { env })).toMatchObject({ stdout: "started\n" });
    }

    test("in Redis", async () => {
      const redis = await RedisServer.start();
      try {
        await expectShared({ DAGGER_BREAKER_STORE: redis.url });
      } finally {
        await redis.close();
      }
    });

    test("by a server of its own, which keeps them in SQLite", async () => {
      const database = join(folder, "fleet.db");
      const server = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--database", database], {
        env: { DAGGER_BREAKER_STORE_TOKEN: TOKEN },
      });
      const ended = once(server, "close");
      const output = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        server[name].setEncoding("utf8").on("data", (text: string) => {
          output[name] += text;
        });
      }
      try {
        const url = () => /listening on (\S+),/.exec(output.stdout)?.[1];
        await vi.waitFor(() => expect(url(), output.stderr).toBeDefined());
        const env = { DAGGER_BREAKER_STORE: url() ?? "", DAGGER_BREAKER_STORE_TOKEN: TOKEN };
        await expectShared(env);
        await isolate(env);
        // Opens the file directly, like another process of the same machine.
        const direct = { DAGGER_BREAKER_STORE: `sqlite:${database}` };
        expect(await run(["status", HUB], { env: direct })).toMatchObject({
          exitCode: 56,
          stderr: "",
        });
        server.kill("SIGTERM");
        expect(await ended).toEqual([0, null]);
        expect(output.stderr).toBe("");
      } finally {
        server.kill("SIGKILL");
      }
    });
  });

  test("is beside the licenses of everything in it", () => {
    const text = readFileSync(`${program}.licenses.txt`, "utf8");
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const heads = [...text.matchAll(/^(.+)\n=+$/gm)].map(([, head = ""]) => head);
    const names = heads.flatMap((head) => head.split(", ").map((title) => title.split(" ")[0]));
    const titles = names.filter((name = "") => !name.startsWith("@opentelemetry/"));
    const expected = [
      "dagger-circuit-breaker",
      ...Object.keys(dependencies),
      "@redis/client",
      "commander",
      "smol-toml",
      "yaml",
      "Node.js",
    ];
    expect(titles.toSorted()).toEqual(expected.toSorted());
    expect(names).toContain("@opentelemetry/exporter-metrics-otlp-proto");
    expect(text).toMatch(/Copyright \(c\) 2022-2025, Redis, inc\./);
    expect(text).toMatch(/Apache License.+Copyright.+GraphQL.+Copyright Node\.js contributors/s);
  });
});

describe("a single file that cannot be made", () => {
  test.each([
    ["does not run", "exit 2", "is not a Node.js: --version failed (2)"],
    ["is too old", "echo v22.23.3", "is 22.23.3."],
    ["has no room for a program", "echo v24.21.0", "is 24.21.0, built without room for a program."],
  ])("is reported for a Node.js that %s", async (_, script, expected) => {
    const node = join(mkdtempSync(join(tmpdir(), "dagger-breaker-node-")), "node");
    writeFileSync(node, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { exitCode, stderr } = await start(process.execPath, [BUILD, "--node", node]);
    rmSync(dirname(node), { recursive: true });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: .+\n$/);
    expect(stderr).toContain(`${node} ${expected}`);
  });

  test("is reported for an unknown option", async () => {
    const { exitCode, stderr } = await start(process.execPath, [BUILD, "--nod", "x"]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "error: Unknown option '--nod'\nUsage: build-executable.mjs [--node <binary>] [--node-license <file>] [--output <file>]\n",
    );
  });
});
