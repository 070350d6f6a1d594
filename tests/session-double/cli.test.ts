/** Tests the double of the CLI, which the SDK starts in place of the real CLI. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connect } from "@dagger.io/dagger";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type * as Testing from "../../src/testing/index.js";
import { type BuiltTestKit, buildTestKit } from "./built.js";

let built: BuiltTestKit;
let testing: typeof Testing;

beforeAll(async () => {
  built = await buildTestKit();
  ({ testing } = built);
});

afterAll(() => built.remove());

beforeEach(() => {
  vi.stubEnv("DAGGER_SESSION_PORT", undefined);
  vi.stubEnv("DAGGER_SESSION_TOKEN", undefined);
});

afterEach(() => vi.unstubAllEnvs());

function enter(environment: object): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, String(value));
}

/** Connects through the SDK, and returns the output of one command. */
async function greet(): Promise<string> {
  let said = "";
  await connect(async (client) => {
    said = await client.container().from("busybox").withExec(["echo", "hi"]).stdout();
  });
  return said;
}

/** Starts the double of the CLI without the SDK. */
function start(args: readonly string[], environment: object = {}) {
  const child = spawn(testing.sessionDoubleCliPath(), args, {
    env: { ...process.env, ...environment },
    stdio: "pipe",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: once(child, "close") as Promise<[number | null, string | null]>,
    line: async () => {
      await expect.poll(() => stdout.includes("\n"), { interval: 10 }).toBe(true);
      return JSON.parse(stdout) as { port: number; session_token: string };
    },
  };
}

test("the SDK starts a session of its own and ends it without an error", async () => {
  enter({ _EXPERIMENTAL_DAGGER_CLI_BIN: testing.sessionDoubleCliPath() });
  expect(await greet()).toBe("hi\n");
});

test("reads faults from the environment", async () => {
  enter({
    _EXPERIMENTAL_DAGGER_CLI_BIN: testing.sessionDoubleCliPath(),
    DAGGER_SESSION_DOUBLE: JSON.stringify({
      faults: [{ host: "docker.io", kind: "status", status: 503 }],
    }),
  });
  await expect(greet()).rejects.toThrow("503 Service Unavailable");
});

test("sessions started by the SDK belong to the double of the test", async () => {
  await using double = await testing.startSessionDouble({
    faults: [{ operation: "withExec", calls: 1, kind: "engineRestarted" }],
  });
  enter(await double.cliEnvironment());
  await expect(greet()).rejects.toThrow("API Error");
  // The engine has restarted, so a new session works.
  expect(await greet()).toBe("hi\n");
  expect(double.commandsStarted).toBe(1);
});

test("while the engine is down the CLI prints nothing, and continues when it is back", async () => {
  await using double = await testing.startSessionDouble();
  double.kill();
  const cli = start(["session"], await double.cliEnvironment());
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(cli.stdout()).toBe("");
  double.restart();
  expect(await cli.line()).toMatchObject({ port: expect.any(Number) });
  cli.child.stdin.end();
  expect(await cli.ended).toEqual([0, null]);
});

test.each([
  ["its standard input ends", (child: ReturnType<typeof start>["child"]) => child.stdin.end()],
  ["it gets SIGTERM", (child: ReturnType<typeof start>["child"]) => child.kill("SIGTERM")],
])("the stand-in leaves nothing when %s", async (_, end) => {
  const cli = start(["session", "--label", "a:b"]);
  const { port, session_token } = await cli.line();
  const authorization = `Basic ${Buffer.from(`${session_token}:`).toString("base64")}`;
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/query`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: '{"query":"{ version }"}',
    });
  expect((await ask()).status).toBe(200);
  end(cli.child);
  expect(await cli.ended).toEqual([0, null]);
  await expect(ask()).rejects.toThrow();
});

test("the stand-in ends when the double stops", async () => {
  const double = await testing.startSessionDouble();
  const cli = start(["session"], await double.cliEnvironment());
  await cli.line();
  await double.stop();
  expect(await cli.ended).toEqual([0, null]);
});

test.each([
  [["session"], "{", "DAGGER_SESSION_DOUBLE is not JSON"],
  [["session"], '{"faults":3}', 'option "faults" is 3'],
  [["session"], '{"traces":{"endpoint":"http://a/"}}', 'option "traces" is not for a CLI'],
  [["session"], '{"attach":{"port":0,"token":"x"}}', '"port" is 0'],
  [["call", "test"], "{}", 'the command "session" only'],
] as const)("%j with %s ends with an error: %s", async (args, variable, message) => {
  const cli = start(args, { DAGGER_SESSION_DOUBLE: variable });
  expect(await cli.ended).toEqual([1, null]);
  expect(cli.stderr()).toContain(message);
});

test("a process with a running double in it ends by itself", async () => {
  const program = join(built.folder, "idle.mjs");
  writeFileSync(
    program,
    `import { startSessionDouble } from "./testing/index.js";
     const double = await startSessionDouble();
     await double.cliEnvironment();
     const answer = await fetch("http://127.0.0.1:" + double.port + "/query", { method: "POST" });
     console.log(answer.status, double.publishFolder);`,
  );
  const printed = execFileSync(process.execPath, [program], { timeout: 200_000 }).toString();
  const [status, folder] = printed.trim().split(" ");
  expect(status).toBe("401");
  expect(() => readFileSync(join(String(folder), ".."))).toThrow("ENOENT");
});

/**
 * A program with a session double that runs a command. The program prints the double's folder and the id of
 * the command's process.
 */
const BUSY = `import { startSessionDouble } from "./testing/index.js";
  const double = await startSessionDouble();
  const pid = double.publishFolder + ".pid";
  const query = '{ container { from(address: "a") { withExec(args: ["sh","-c","echo $$ > ' + pid + '; exec sleep 600"]) { stdout } } } }';
  fetch("http://127.0.0.1:" + double.port + "/query", {
    method: "POST",
    headers: { authorization: "Basic " + btoa(double.token + ":"), "content-type": "application/json" },
    body: JSON.stringify({ query }),
  }).catch(() => undefined);
  const { readFileSync } = await import("node:fs");
  const read = () => { try { return readFileSync(pid, "utf8").trim(); } catch { return ""; } };
  while (read() === "") await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(JSON.stringify({ folder: double.publishFolder, command: Number(read()) }));`;

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.each([
  ["SIGINT", "", [null, "SIGINT"]],
  ["SIGTERM", "", [null, "SIGTERM"]],
  ["SIGHUP", "", [null, "SIGHUP"]],
  ["SIGTERM", 'process.once("SIGTERM", () => process.exit(7));', [7, null]],
  ["SIGTERM", 'process.once("SIGTERM", () => { throw new Error("mine"); });', [1, null]],
] as const)(
  "a process that ends by %s %s leaves nothing of its double",
  async (signal, more, ended) => {
    const program = join(built.folder, "busy.mjs");
    writeFileSync(program, `${BUSY}\n${more}`);
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "ignore"] });
    const [printed] = (await once(child.stdout, "data")) as [Buffer];
    const { folder, command } = JSON.parse(printed.toString()) as {
      folder: string;
      command: number;
    };
    child.kill(signal);
    expect(await once(child, "close")).toEqual(ended);
    await expect.poll(() => alive(command), { interval: 10 }).toBe(false);
    expect(existsSync(dirname(folder))).toBe(false);
  },
);

test("the program's own listener decides whether a signal ends it", async () => {
  const program = join(built.folder, "busy.mjs");
  const more = `process.on("SIGHUP", () => console.log("heard", double.commandsRunning));`;
  writeFileSync(program, `${BUSY}\n${more}`);
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "ignore"] });
  const [printed] = (await once(child.stdout, "data")) as [Buffer];
  const { folder } = JSON.parse(printed.toString()) as { folder: string };
  child.kill("SIGHUP");
  const [heard] = (await once(child.stdout, "data")) as [Buffer];
  expect(heard.toString()).toBe("heard 1\n");
  expect(existsSync(dirname(folder))).toBe(true);
  child.kill("SIGTERM");
  await once(child, "close");
  expect(existsSync(dirname(folder))).toBe(false);
});

test.each(["await double.stop();", ""])(
  "removes read-only folders too, also as a user other than root: %s",
  (end) => {
    const program = join(built.folder, "read-only.mjs");
    writeFileSync(
      program,
      `import { startSessionDouble } from "./testing/index.js";
       if (process.getuid() === 0) {
         process.setgid(65534);
         process.setuid(65534);
       }
       const double = await startSessionDouble();
       const script = "mkdir -p m/n; touch m/n/f; chmod 555 m/n m";
       const query = '{ container { from(address: "a") { withWorkdir(path: "/w") { withExec(args: ["sh","-c","' + script + '"]) { exitCode } } } } }';
       const answer = await fetch("http://127.0.0.1:" + double.port + "/query", {
         method: "POST",
         headers: { authorization: "Basic " + btoa(double.token + ":"), "content-type": "application/json" },
         body: JSON.stringify({ query }),
       });
       console.log(double.publishFolder + " " + (await answer.text()));
       ${end}`,
    );
    const printed = execFileSync(process.execPath, [program], { timeout: 200_000 }).toString();
    expect(printed).toContain('"exitCode":0');
    expect(existsSync(dirname(printed.split(" ")[0] ?? ""))).toBe(false);
  },
);
