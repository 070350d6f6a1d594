/** Tests the commands on shared circuits as processes, over a store that is served by HTTP. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FleetServer, startFleetServer } from "../../../src/fleet/http/index.js";
import { memoryStore } from "../../../src/fleet/memory/memory-store.js";
import { builtCli } from "../built-cli.js";

const HUB = "registry:docker.io";
const TOKEN = "a-token-that-nobody-guesses";
const cli = builtCli();

let server: FleetServer;
let env: Record<string, string>;
beforeEach(async () => {
  server = await startFleetServer({ store: memoryStore(), token: TOKEN });
  env = { DAGGER_BREAKER_STORE: server.url, DAGGER_BREAKER_STORE_TOKEN: TOKEN };
});
afterEach(() => server.close());

const run = (...args: string[]) => cli.run(args, { env });
const isolate = () => run("isolate", HUB, "--reason", "moves", "--for", "1h", "--owner", "ada");

test("other processes see and release an isolation", async () => {
  expect(await run("status")).toMatchObject({
    exitCode: 0,
    stdout: 'The store knows no circuit in the scope "default".\n',
  });
  expect(await isolate()).toMatchObject({ exitCode: 0 });
  const { exitCode, stdout } = await run("status", HUB);
  expect(exitCode).toBe(56);
  expect(stdout).toMatch(/registry:docker\.io {2}isolated .* moves +ada\n$/);
  expect(await run("release", HUB)).toMatchObject({ exitCode: 0 });
  expect((await run("status", HUB)).exitCode).toBe(0);
  expect((await run("history", HUB)).stdout.trimEnd().split("\n")).toHaveLength(3);
});

test("watch shows another process's changes, and ends on ctrl-C with 0", async () => {
  const child = spawn(cli.program, ["watch"], { env: cli.environment(env) });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const closed = once(child, "close");
  const waiting = { timeout: 120_000 };
  try {
    await vi.waitFor(() => expect(texts.stderr).toMatch(/^watching 0 circuits/), waiting);
    await isolate();
    await vi.waitFor(() => expect(texts.stdout).toMatch(/isolated.*moves, by ada\n$/), waiting);
    child.kill("SIGINT");
    expect(await closed).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("reports a wrong token without showing either token", async () => {
  const wrong = { ...env, DAGGER_BREAKER_STORE_TOKEN: "another-token-altogether" };
  const { exitCode, stdout, stderr } = await cli.run(["status"], { env: wrong });
  expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: "" });
  expect(stderr).toMatch(/^error: the store cannot be used: .*token/);
  expect(stderr).not.toMatch(/another-token|nobody-guesses/);
});

test("a store that never replies delays no process beyond its limit", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const at = { ...env, DAGGER_BREAKER_STORE: `http://127.0.0.1:${port}` };
  try {
    const { exitCode, stderr } = await cli.run(["status", "--store-timeout", "500ms"], { env: at });
    expect(exitCode).toBe(69);
    expect(stderr).toMatch(/^error: the store cannot be used: /);
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
