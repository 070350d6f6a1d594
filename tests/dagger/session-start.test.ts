// Tests how sessions start and restart. Real processes are needed, because an unhandled rejection would end
// the process.

import { type ChildProcess, execFile, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { buildPackage } from "../build.js";

let built: string;
beforeAll(async () => {
  built = await buildPackage();
});

const SHARED = fileURLToPath(new URL("session-scripts.mjs", import.meta.url));
const cli = fileURLToPath(new URL("fake-cli.mjs", import.meta.url));

let scratch: string;
let state: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "session-start-"));
  state = join(scratch, "state");
});

afterEach(() => rmSync(scratch, { recursive: true }));

/** The process that all scripts of `run` share. Loading the SDK takes a second, so it is loaded once. */
let shared: { readonly child: ChildProcess; readonly ended: Promise<unknown> } | undefined;
afterAll(() => shared?.child.kill());

/**
 * Runs a script against the built package, with a new registry and a new list of CLI starts. Resolves to
 * the script's result.
 */
async function run(starts: string, script: string): Promise<Record<string, unknown>> {
  writeFileSync(state, starts);
  shared ??= startShared();
  const { child, ended } = shared;
  const told = once(child, "message").then(([message]) => message);
  child.send({ state, script: `${PRELUDE}\n${script}` });
  return (await Promise.race([told, ended])) as Record<string, unknown>;
}

function startShared() {
  const child = fork(SHARED, [], {
    cwd: built,
    env: environment(),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then(([code]) => ({ endedWith: code }));
  return { child, ended };
}

/** Runs a script in a process of its own, to its end. The last line of its output must be JSON. */
async function runAlone(starts: string, script: string): Promise<Record<string, unknown>> {
  writeFileSync(state, starts);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", `${ALONE}\n${PRELUDE}\n${script}`],
    {
      cwd: built,
      timeout: 200_000,
      env: { ...environment(), FAKE_CLI_STATE: state },
    },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

function environment(): NodeJS.ProcessEnv {
  const { DAGGER_SESSION_PORT, DAGGER_SESSION_TOKEN, ...env } = process.env;
  return { ...env, _EXPERIMENTAL_DAGGER_CLI_BIN: cli };
}

const ALONE = `
const load = (name) => import(name);
const told = (result) => console.log(JSON.stringify(result));
`;

/** Definitions that scripts can use, besides `load` for a module and `told` for the result. */
const PRELUDE = `
const { subscribe } = process.getBuiltinModule("node:diagnostics_channel");
const { connect, connection, dag, guardRegistry } = await load("dagger-circuit-breaker/dagger");
const engine = () => guardRegistry.get("engine").getMetrics().metrics;
const reasonOf = (promise) => promise.then((value) => ({ value }), (error) => ({ name: error.name, code: error.code, message: error.message }));
const tell = (result) => told({ ...result, ...engine() });
const echo = (client, text) => client.container().from("alpine").withExec(["echo", text]).stdout();
let cli;
subscribe("child_process", (message) => { cli = message.process; });
const heard = [];
const hearUnhandled = () => process.on("unhandledRejection", (reason) => heard.push(String(reason)));
`;

/** Reports the result only when the process exits. By then the CLI has ended too. */
const WHEN_ALL_IS_OVER = `process.on("exit", () => tell({ ...result, heard }));`;

const starts = () =>
  existsSync(`${state}.log`) ? readFileSync(`${state}.log`, "utf8").trim().split("\n") : [];

test("a session of the CLI opens, works and ends, and opening is a success of the engine", async () => {
  const told = await run("ok", `tell(await reasonOf(connect((client) => echo(client, "hi"))));`);
  expect(told).toMatchObject({ value: "hi\n", successCount: 2, failureCount: 0 });
});

test("reports a CLI that ends early with its own output, and leaves no unhandled rejection", async () => {
  const script = `hearUnhandled(); const result = await reasonOf(connect(async () => 1)); ${WHEN_ALL_IS_OVER}`;
  const told = await runAlone("fails", script);
  expect(told).toMatchObject({ name: "EngineSessionError", code: "D105", failureCount: 1 });
  expect(told.heard).toEqual([]);
  expect(told.message).toContain("failed to run command [docker version]");
});

test.each([
  ["no JSON", "greets", "is not valid JSON"],
  ["JSON that is no session line", "misspeaks", "invalid connect params"],
])("ends a CLI whose first line is %s, and Node ends as well", async (_what, mode, message) => {
  const script = `hearUnhandled(); const result = await reasonOf(connect(async () => 1)); ${WHEN_ALL_IS_OVER}`;
  const told = await runAlone(mode, script);
  expect(told).toMatchObject({ message: expect.stringContaining(message), heard: [] });
  expect(() => process.kill(Number(starts()[0]?.split(" ")[1]), 0)).toThrow("ESRCH");
});

test("a process that ends right after a timeout leaves no CLI that ignores signals", async () => {
  const { pid } = await runAlone(
    "hangs-hard",
    `const failure = await reasonOf(connect(async () => 1, { guard: { connectTimeoutMs: 3000 } }));
     tell({ ...failure, pid: cli.pid });
     process.exit(0);`,
  );
  // An ended process that init has not yet collected shows as a zombie.
  const state = () =>
    spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout;
  await vi.waitFor(() => expect(state()).toMatch(/^(Z|$)/));
});

test("connection reports a CLI that ends early in the same way", async () => {
  const told = await run("fails", `tell(await reasonOf(connection(async () => 1)));`);
  expect(told).toMatchObject({ name: "EngineSessionError", failureCount: 1 });
});

test("an unhandled rejection of the user's own still ends the process while a session opens", async () => {
  for (const opening of [
    "connect(async () => 1)",
    "Promise.all([1, 2].map(() => connect(async () => 1)))",
  ]) {
    const script = `const opening = ${opening}; Promise.reject(new Error("mine")); await opening;`;
    await expect(runAlone("hangs,hangs", script)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("mine"),
    });
  }
});

test("after five failed starts the engine's circuit is open and no CLI is started", async () => {
  const told = await run(
    "fails,fails,fails,fails,fails,fails",
    `for (let start = 0; start < 5; start += 1) await reasonOf(connect(async () => 1));
     tell(await reasonOf(connect(async () => 1)));`,
  );
  expect(told).toMatchObject({ code: "CIRCUIT_OPEN", rejectedCount: 1, failureCount: 5 });
  expect(starts()).toHaveLength(5);
});

test.each(["hangs", "hangs-hard"])(
  "a session that does not open in time is a failure, and ends its CLI (%s)",
  async (mode) => {
    const told = await runAlone(
      mode,
      `let record;
       hearUnhandled();
       guardRegistry.get("engine").on("failure", ({ error }) => { record = error; });
       const failure = await reasonOf(connect(async () => 1, { guard: { connectTimeoutMs: 3000 } }));
       const result = { ...failure, record, pid: cli.pid, cliStillRan: process.kill(cli.pid, 0) };
       ${WHEN_ALL_IS_OVER}`,
    );
    // The caller gets its error before the CLI ends.
    expect(told.cliStillRan).toBe(true);
    expect(told.heard).toEqual([]);
    expect(told).toMatchObject({ name: "TimeoutError", code: "TIMEOUT", failureCount: 1 });
    expect(told.record).toMatchObject({ name: "TimeoutError", rule: "session-too-late" });
    expect(() => process.kill(Number(told.pid), 0)).toThrow("ESRCH");
  },
);

const TWO_STEPS = `async (client) => { runs += 1; await echo(client, "one"); return echo(client, "two"); }`;

test("reruns a callback with a lost session on a new one, and returns its value", async () => {
  const told = await run(
    "dies,ok",
    `let runs = 0;
     const result = await reasonOf(connect(${TWO_STEPS}, { guard: { onSessionLost: "rerun" } }));
     tell({ ...result, runs });`,
  );
  expect(told).toMatchObject({ value: "two\n", runs: 2, failureCount: 1 });
  expect(starts()).toHaveLength(2);
});

test("a killed CLI ends neither the process nor the work: the callback runs again", async () => {
  const told = await run(
    "killed,ok",
    `let runs = 0;
     const warnings = [];
     process.on("warning", (warning) => warnings.push(warning.message));
     const slow = async (client) => { runs += 1; await echo(client, "one"); return client.container().from("alpine").withExec(["sh", "-c", "sleep 0.2; echo two"]).stdout(); };
     const result = await reasonOf(connect(slow, { guard: { onSessionLost: "rerun" } }));
     tell({ ...result, runs, warnings });`,
  );
  expect(told).toMatchObject({ value: "two\n", runs: 2, failureCount: 1 });
  expect(told.warnings).toEqual(["the dagger CLI of a session ended with SIGKILL"]);
});

test("a CLI that ends badly after the callback does not lose its value", async () => {
  const script = `tell(await reasonOf(connect((client) => echo(client, "hi"))));`;
  expect(await run("ends-badly", script)).toMatchObject({ value: "hi\n", failureCount: 0 });
});

test("an abort during the opening of a session ends the CLI with its reason and is ignored", async () => {
  const told = await runAlone(
    "hangs",
    `const controller = new AbortController();
     subscribe("child_process", () => setTimeout(() => controller.abort(new Error("stop")), 500));
     const result = await reasonOf(connect(async () => 1, { guard: { signal: controller.signal } }));
     tell({ ...result, pid: cli.pid });`,
  );
  expect(told).toMatchObject({ message: "stop", failureCount: 0, ignoredCount: 1 });
  expect(() => process.kill(Number(told.pid), 0)).toThrow("ESRCH");
});

test("an abort before a session opens starts no CLI", async () => {
  const told = await run(
    "ok",
    `const signal = AbortSignal.abort(new Error("stop"));
     tell(await reasonOf(connect(async () => 1, { guard: { signal } })));`,
  );
  expect(told).toMatchObject({ message: "stop", successCount: 0, ignoredCount: 0 });
  expect(starts()).toEqual([]);
});

test("does not rerun a callback by default", async () => {
  const told = await run(
    "dies,ok",
    `let runs = 0; const result = await reasonOf(connect(${TWO_STEPS})); tell({ ...result, runs });`,
  );
  expect(told).toMatchObject({ code: "D100", runs: 1 });
});

test("reruns a callback only as often as permitted", async () => {
  const told = await run(
    "dies,dies,dies,ok",
    `let runs = 0;
     const guard = { onSessionLost: "rerun", maxReruns: 2 };
     const result = await reasonOf(connect(${TWO_STEPS}, { guard }));
     tell({ ...result, runs });`,
  );
  expect(told).toMatchObject({ code: "D100", runs: 3, failureCount: 3 });
});

test.each([
  ["published", `await client.container().from("alpine").publish("127.0.0.1:5000/app:1");`],
  [
    "exported",
    `await client.directory().withNewFile("a", "b").export("${tmpdir()}/session-start-out");`,
  ],
  [
    "started a service",
    `await client.getGQLClient().request("{ container { asService { start } } }").catch(() => {});`,
  ],
  [
    "called a module",
    `await client.getGQLClient().request("{ hello { build } }").catch(() => {});`,
  ],
])("never reruns a callback that has %s", async (_what, step) => {
  const told = await run(
    "dies,ok",
    `let runs = 0;
     const guard = { onSessionLost: "rerun" };
     const callback = async (client) => { runs += 1; ${step} await echo(client, "1"); return echo(client, "2"); };
     const result = await reasonOf(connect(callback, { guard }));
     tell({ ...result, runs });`,
  );
  expect(told).toMatchObject({ code: "D100", runs: 1 });
});

test("asks the engine's circuit before a rerun", async () => {
  const told = await run(
    "dies,ok",
    `let runs = 0;
     const guard = { onSessionLost: "rerun", breakers: { engine: { failureThreshold: 1 } } };
     const result = await reasonOf(connect(${TWO_STEPS}, { guard }));
     tell({ ...result, runs });`,
  );
  expect(told).toMatchObject({ code: "CIRCUIT_OPEN", runs: 1, rejectedCount: 1 });
  expect(starts()).toHaveLength(1);
});

test("reruns a callback that has called a module if permitted", async () => {
  const told = await run(
    "dies,ok",
    `let runs = 0;
     const guard = { onSessionLost: "rerun", rerunModules: true };
     const callback = async (client) => {
       runs += 1;
       await client.getGQLClient().request("{ hello { build } }").catch(() => {});
       await echo(client, "1");
       return echo(client, "2");
     };
     const result = await reasonOf(connect(callback, { guard }));
     tell({ ...result, runs });`,
  );
  expect(told).toMatchObject({ value: "2\n", runs: 2 });
});

test.each([
  [{ connectTimeoutMs: 0 }, 'guard option \\"connectTimeoutMs\\" is 0'],
  [{ maxReruns: 0 }, 'guard option \\"maxReruns\\" is 0'],
  [{ onSessionLost: "again" }, 'guard option \\"onSessionLost\\" is \\"again\\"'],
  [{ rerunModules: 1 }, 'guard option \\"rerunModules\\" is 1'],
])("rejects wrong options before a session is opened: %j", async (guard, message) => {
  const told = await run(
    "ok",
    `tell(await reasonOf(connect(async () => 1, { guard: ${JSON.stringify(guard)} })));`,
  );
  expect(JSON.stringify(told)).toContain(message);
  expect(starts()).toHaveLength(0);
});
