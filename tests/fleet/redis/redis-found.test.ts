/**
 * Tests the store in Redis with clients that find their server through sentinels, and with pools of
 * clients.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, createClientPool, createSentinel } from "@redis/client";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { redisStore } from "../../../src/fleet/redis/index.js";
import { admit, KEY, settle } from "../commands.js";
import { freePort, RedisServer, until } from "./redis-server.js";

let servers: readonly RedisServer[] = [];
let port = 0;
let folder = "";
let sentinel: ChildProcess;

beforeAll(async () => {
  const config = ["--requirepass", "s3cret"];
  servers = await Promise.all([0, 1].map(() => RedisServer.start({ config })));
  folder = mkdtempSync(join(tmpdir(), "dagger-circuit-breaker-sentinel-"));
  port = await freePort();
  const file = join(folder, "sentinel.conf");
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nloglevel warning\n`);
  const program = process.env.REDIS_SERVER || "redis-server";
  sentinel = spawn(program, [file, "--sentinel"], { cwd: folder, stdio: "ignore" });
  await until(async () => (await ask("PING").catch(() => "")) === "PONG");
  await monitor(servers[0]);
});
afterAll(async () => {
  sentinel.kill("SIGKILL");
  await once(sentinel, "exit");
  rmSync(folder, { recursive: true, force: true });
  await Promise.all(servers.map((server) => server.close()));
});

/** Sends a command to the sentinel. */
async function ask(...command: string[]): Promise<unknown> {
  const client = createClient({ socket: { port, reconnectStrategy: false } });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

async function monitor(server: RedisServer | undefined): Promise<void> {
  await ask("SENTINEL", "MONITOR", "main", "127.0.0.1", String(server?.port), "1");
}

function sentinelClient(name = "main") {
  const nowhere = { host: "127.0.0.1", port: 1 };
  return createSentinel({
    name,
    sentinelRootNodes: [nowhere, { host: "127.0.0.1", port }],
    nodeClientOptions: { password: "s3cret" },
  });
}

test("a client with sentinels leads to the master, and to the next one after it", async () => {
  const client = sentinelClient();
  const store = redisStore({ client });
  onTestFinished(() => store.close());
  expect(await store.run(KEY, settle())).toMatchObject({ counted: 1 });
  await ask("SENTINEL", "REMOVE", "main");
  await monitor(servers[1]);
  await servers[0]?.kill();
  await until(async () => {
    try {
      return (await store.run(KEY, settle())).snapshot.counts.successes === 1;
    } catch {
      return false;
    }
  });
  expect(client.isOpen).toBe(false);
});

test("reports a sentinel that does not know the master", async () => {
  const store = redisStore({ client: sentinelClient("other") });
  onTestFinished(() => store.close());
  await expect(store.run(KEY, admit())).rejects.toThrow(`:${port} knows no master "other"`);
});

test("uses the options of a pool, connected or not", async () => {
  const options = { socket: { port: servers[1]?.port ?? 0 }, password: "s3cret" };
  const pool = createClientPool(options);
  const heard: string[] = [];
  for (const isOpen of [false, true]) {
    if (isOpen) await pool.connect();
    const store = redisStore({ client: pool });
    store.subscribe("default", ({ name }) => heard.push(name));
    expect(await store.run(KEY, settle())).toMatchObject({ counted: 1 });
    await store.close();
    expect(pool.isOpen).toBe(isOpen);
  }
  expect(await pool.sendCommand(["PING"])).toBe("PONG");
  pool.destroy();
});
