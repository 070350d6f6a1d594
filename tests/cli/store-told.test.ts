/** Tests that a run reports every reason for which it could not ask its store, and loses little time. */

import { writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { joinFleet } from "../../src/cli/fleet-guard.js";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry } from "../../src/registry/registry.js";
import { CommandCall } from "../../src/runner/attempt/command-call.js";
import { RedisServer } from "../fleet/redis/redis-server.js";
import { startOwnTime } from "../own-time.js";

const ownMs = startOwnTime();
const NEEDS = new Set(["registry:docker.io"]);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Acts like a run: asks the store once before the command, and reports the outcome afterwards. */
async function asks(store: string, more: Readonly<Record<string, string>> = {}) {
  const env = { DAGGER_BREAKER_STORE: store, DAGGER_BREAKER_STORE_TOKEN: "t".repeat(32), ...more };
  const [startMs, ownStartMs] = [performance.now(), ownMs()];
  const joined = await joinFleet({}, env);
  const guard = new Guard({ registry: createRegistry(), fleet: joined?.fleet });
  const call = await CommandCall.admit(guard, NEEDS, new AbortController().signal);
  call.release();
  const notes = (await joined?.leave()) ?? [];
  return {
    text: notes.map(({ text }) => text).join("\n"),
    tookMs: performance.now() - startMs,
    ownMs: ownMs() - ownStartMs,
  };
}

async function listening(server: Server | ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Calls `asks` with a long timeout, because a reply on a busy machine can be late. */
function answered(store: string, more: Readonly<Record<string, string>> = {}) {
  return asks(store, { DAGGER_BREAKER_STORE_TIMEOUT: "10s", ...more });
}

describe("Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.close());

  test("that replies causes no message", async () => {
    expect((await answered(redis.url)).text).toBe("");
  });

  test("with a missing right", async () => {
    await redis.send("ACL", "SETUSER", "weak", "on", ">secret", "~*", "&*", "+@connection");
    const { text } = await answered(redis.url.replace("redis://", "redis://weak:secret@"));
    expect(text).toMatch(/did not answer \(.*NOPERM.*\); this run/);
    expect(text).not.toContain("secret");
  });

  test("with a key of another type for a circuit", async () => {
    await redis.send("SET", "dcb:1:{typed:registry:docker.io}", "x");
    const { text } = await answered(redis.url, { DAGGER_BREAKER_SCOPE: "typed" });
    expect(text).toMatch(/did not answer.*not a shared circuit: it is not a hash/);
  });

  test.each([
    ["OOM", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
    ["READONLY", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
  ])("that rejects by %s", async (word, before, after) => {
    await redis.send(...before);
    try {
      const { text } = await answered(redis.url, { DAGGER_BREAKER_SCOPE: word });
      expect(text).toMatch(/did not answer/);
      expect(text).toContain(word);
    } finally {
      await redis.send(...after);
    }
  });

  test("with a wrong password, which is not shown", async () => {
    const { text } = await answered(redis.url.replace("redis://", "redis://default:hunter2@"));
    // Redis accepts any password until one is required, so a user with a password is created.
    await redis.send("ACL", "SETUSER", "ann", "on", ">right", "~*", "&*", "+@all");
    const wrong = await answered(redis.url.replace("redis://", "redis://ann:hunter2@"));
    expect(text).toBe("");
    expect(wrong.text).toMatch(/did not answer \(.*WRONGPASS.*\); this run/);
    expect(wrong.text).not.toContain("hunter2");
  });

  test("a script that runs endlessly", async () => {
    await redis.send("CONFIG", "SET", "busy-reply-threshold", "1");
    // The script writes nothing, so the test can kill it.
    const script = redis.send("EVAL", "while true do end", "0").catch(() => undefined);
    const ping = () => redis.send("PING").then(String, ({ message }: Error) => message);
    try {
      await expect.poll(ping).toContain("BUSY");
      const { text } = await answered(redis.url);
      expect(text).toMatch(/did not answer.*BUSY/);
    } finally {
      await redis.send("SCRIPT", "KILL");
      await script;
    }
  });

  test("by TLS that it does not speak", async () => {
    const { text } = await answered(redis.url.replace("redis://", "rediss://"));
    expect(text).toMatch(/did not answer \(.+\); this run used only its own circuits/);
  });
});

test.each([
  [401, "the token is wrong"],
  [403, "not for you"],
  [500, "the database is locked"],
])("reports a server's status %i", async (status, error) => {
  const server = createHttpServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ error }));
  });
  const { text } = await asks(`http://127.0.0.1:${await listening(server)}`);
  expect(text).toContain(`status ${status}`);
});

test("reports an invalid database", async () => {
  const path = join(tmpdir(), `runout-store-${process.pid}.db`);
  writeFileSync(path, "not a database, whatever it is called ".repeat(100));
  const { text } = await asks(`sqlite:${path}`);
  expect(text).toMatch(/did not answer \(.+\); this run/);
});

test("reports a missing store at once", async () => {
  const { text, ownMs } = await asks("redis://user:hunter2@127.0.0.1:1");
  expect(text).toMatch(/did not answer \(.*ECONNREFUSED.*\); this run used only its own circuits/);
  expect(text).not.toContain("hunter2");
  expect(ownMs).toBeLessThan(2000);
});

test.each(["redis", "http"])(
  "a store by %s that never replies costs two timeouts at most, and the option is named",
  async (scheme) => {
    const port = await listening(createServer(() => undefined));
    const env = { DAGGER_BREAKER_STORE_TIMEOUT: "400ms" };
    const { text, tookMs, ownMs } = await asks(`${scheme}://127.0.0.1:${port}`, env);
    expect(text).toMatch(/did not answer \(.*; --store-timeout allows a longer wait\); this/);
    expect(tookMs).toBeGreaterThan(300);
    expect(ownMs).toBeLessThan(2 * 400 + 700);
  },
);

test("asks a store that replies after 120 ms, unless its timeout is shorter", async () => {
  const server = createHttpServer((request, response) => {
    request.resume();
    setTimeout(() => response.writeHead(503).end(), 120);
  });
  const store = `http://127.0.0.1:${await listening(server)}`;
  expect((await asks(store)).text).toContain("status 503");
  const short = await asks(store, { DAGGER_BREAKER_STORE_TIMEOUT: "60ms" });
  expect(short.text).toMatch(/--store-timeout/);
});
