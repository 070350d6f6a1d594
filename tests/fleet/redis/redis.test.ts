/**
 * Tests the store in Redis with a healthy server: scripts, keys of other programs, and the client that the
 * user gives.
 */

import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFleet } from "../../../src/fleet/client/fleet.js";
import { openRedis, redisStore } from "../../../src/fleet/redis/index.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { admit, KEY, limit, settle } from "../commands.js";
import { newBreaker } from "../scripted-store.js";
import { CLIENTS } from "./redis-clients.js";
import { RedisServer } from "./redis-server.js";

const REDIS_KEY = "dcb:1:{default:registry:docker.io}";

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start({ config: ["--enable-debug-command", "yes"] });
});
beforeEach(async () => {
  await server.send("FLUSHALL");
});
afterAll(() => server.close());

describe.each(CLIENTS)("%s", (_name, make) => {
  async function using(use: (store: FleetStore) => Promise<void>): Promise<void> {
    const store = redisStore({ client: make(server.url) });
    try {
      await use(store);
    } finally {
      await store.close();
    }
  }

  test("loses and double-counts no outcome while the server's scripts are flushed", () =>
    using(async (store) => {
      const told = Array.from({ length: 300 }, async (_, index) => {
        if (index % 20 === 0) await server.send("SCRIPT", "FLUSH");
        const { counted } = await store.run(KEY, settle());
        expect(counted).toBe(1);
      });
      await Promise.all(told);
      const { snapshot } = await store.run(KEY, { kind: "read" });
      expect(snapshot.counts).toEqual({ successes: 300, failures: 0, late: 0 });
    }));

  test("counts an outcome even if no question follows", () =>
    using(async (store) => {
      const fleet = createFleet({ store, timeoutMs: 10_000 });
      const shared = fleet.share(newBreaker());
      for (let call = 1; call <= 20; call += 1) {
        const permit = await shared.acquire();
        permit.success();
        const counted = async () => (await store.run(KEY, { kind: "read" })).snapshot.counts;
        await expect
          .poll(counted, { timeout: 60_000, interval: 2 })
          .toMatchObject({ successes: call });
      }
      await fleet.close();
    }));

  test("a flushed circuit is closed again, in a later generation", () =>
    using(async (store) => {
      const { snapshot } = await store.run(KEY, limit());
      expect(snapshot.state).toBe("open");
      await server.send("FLUSHALL");
      const after = await store.run(KEY, admit());
      expect(after.admitted).toBe(1);
      expect(after.snapshot.generation).toBeGreaterThan(snapshot.generation);
      const late = await store.run(KEY, settle({ generation: snapshot.generation }));
      expect(late).toMatchObject({ counted: 0, late: 1 });
    }));

  test("a circuit is one hash that expires, and a closed one admits without a write", () =>
    using(async (store) => {
      await store.run(KEY, admit());
      expect(await server.send("KEYS", "*")).toEqual([REDIS_KEY]);
      const keptMs = Number(await server.send("PTTL", REDIS_KEY));
      expect(keptMs).toBeGreaterThan(6.9 * 24 * 3_600_000);
      expect(keptMs).toBeLessThanOrEqual(7 * 24 * 3_600_000);
      await server.send("CONFIG", "RESETSTAT");
      await store.run(KEY, admit());
      const stats = String(await server.send("INFO", "commandstats"));
      expect(stats).toContain("cmdstat_hmget:calls=1,");
      expect(stats).not.toMatch(/cmdstat_(hset|pexpire|publish|exists)/);
    }));

  test("reports a foreign key under the name of a circuit, and leaves it unchanged", () =>
    using(async (store) => {
      await server.send("SET", REDIS_KEY, "mine");
      const problem = `the key ${JSON.stringify(REDIS_KEY)} in Redis is not a shared circuit: it is`;
      await expect(store.run(KEY, admit())).rejects.toThrow(problem);
      await expect(store.history(KEY)).rejects.toThrow(problem);
      const other = { ...KEY, name: "git:github.com" };
      await store.run(other, limit());
      const told: string[] = [];
      const listed = await store.list("default", (name, { message }) =>
        told.push(`${name}: ${message}`),
      );
      expect(listed.map(({ name }) => name)).toEqual([other.name]);
      expect(told).toEqual([expect.stringContaining(`${KEY.name}: ${problem}`)]);
      expect(await server.send("GET", REDIS_KEY)).toBe("mine");
    }));

  test.each([
    [["owner", "me"], "generation"],
    [["generation", "5"], "nowMs"],
  ])("reports a foreign hash %o, and leaves it unchanged", (fields, missing) =>
    using(async (store) => {
      await server.send("HSET", REDIS_KEY, ...fields);
      await expect(store.run(KEY, admit())).rejects.toThrow(
        `${JSON.stringify(REDIS_KEY)} in Redis is not a shared circuit: the field "${missing}" is`,
      );
      expect(await server.send("HLEN", REDIS_KEY)).toBe(fields.length / 2);
    }),
  );

  test.each([
    ["openings", "many"],
    ["state", "ajar"],
    ["leases", "x"],
    ["row", "=1 =x"],
    ["reporters", "a=1,b=2"],
    ["openings", "nan"],
    ["failures", "inf"],
    ["late", "0.5"],
    ["leases", "a=1  b=2"],
    ["reporters", `${"a".repeat(200)}=1`],
  ])("reports a field %s that holds %s", (field, text) =>
    using(async (store) => {
      await store.run(KEY, admit());
      await server.send("HSET", REDIS_KEY, field, text);
      await expect(store.run(KEY, admit())).rejects.toThrow(`the field "${field}" is missing or`);
    }),
  );

  test.each(["a", "=", "1", "=1 ", "a=", " "])(
    "rejects a long list of %j before the server has searched it",
    (part) =>
      using(async (store) => {
        await store.run(KEY, admit());
        const text = part.repeat(400_000 / part.length);
        for (const field of ["row", "reporters", "leases"]) {
          await server.send("HSET", REDIS_KEY, field, text);
          await server.send("CONFIG", "RESETSTAT");
          await expect(store.run(KEY, admit())).rejects.toThrow(/the field "\w+" is missing or/);
        }
        const stats = String(await server.send("INFO", "commandstats"));
        const [, usec] = /cmdstat_evalsha:calls=1,usec=(\d+)/.exec(stats) ?? [];
        expect(Number(usec)).toBeLessThan(200_000);
      }),
  );

  test("reports garbled texts, and a garbled history", () =>
    using(async (store) => {
      await store.run(KEY, limit());
      await server.send("HSET", REDIS_KEY, "failure", "{");
      await expect(store.run(KEY, { kind: "read" })).rejects.toThrow("a field is missing or");
      await server.send("HSET", REDIS_KEY, "change0", "{");
      await expect(store.history(KEY)).rejects.toThrow("its history is missing or");
    }));

  test("ignores foreign messages on the channel", () =>
    using(async (store) => {
      const heard: string[] = [];
      store.subscribe("default", ({ name }) => heard.push(name));
      const sends = [
        "nonsense",
        "null",
        '{"name":"x"}',
        '{"name":"x","snapshot":{"state":"ajar"}}',
      ];
      await expect.poll(() => server.send("PUBLISH", "dcb:1:default", sends[0] ?? "")).toBe(1);
      for (const text of sends) await server.send("PUBLISH", "dcb:1:default", text);
      await store.run(KEY, limit());
      await expect.poll(() => heard).toEqual([KEY.name]);
    }));

  test("keeps a listening connection only while there are listeners", () =>
    using(async (store) => {
      const listening = async () =>
        Number(((await server.send("PUBSUB", "NUMSUB", "dcb:1:default")) as unknown[])[1]);
      await store.run(KEY, admit());
      expect(await listening()).toBe(0);
      const stops = [0, 1].map(() => store.subscribe("default", () => undefined));
      await expect.poll(listening).toBe(1);
      stops[0]?.();
      await store.run(KEY, admit());
      expect(await listening()).toBe(1);
      stops[1]?.();
      await expect.poll(listening).toBe(0);
    }));
});

test("with too many keys to scan, a list uses an index", async () => {
  const [one, other] = [0, 1].map(() => redisStore({ client: createClient({ url: server.url }) }));
  if (one === undefined || other === undefined) throw new Error("there are two");
  await one.run(KEY, limit());
  await server.send("DEBUG", "POPULATE", "1000000", "foreign", "8");
  const names = async (store: FleetStore) => (await store.list("default")).map(({ name }) => name);
  await names(one);
  const late = { ...KEY, name: "http:example.com" };
  await other.run(late, limit());
  await other.close();
  const gone = { ...KEY, name: "git:github.com" };
  await one.run(gone, limit());
  await server.send("CONFIG", "RESETSTAT");
  const before = performance.now();
  expect(await names(one)).toEqual(expect.arrayContaining([late.name, gone.name]));
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(String(await server.send("INFO", "commandstats"))).not.toContain("cmdstat_scan");
  await server.send("DEL", `dcb:1:{default:${gone.name}}`);
  expect(await names(one)).not.toContain(gone.name);
  expect(await server.send("ZSCORE", "dcb:1:names:{default}", gone.name)).toBeNull();
  await one.close();
});

test("neither connects nor closes the given client", async () => {
  const [one, other] = [createClient({ url: server.url }), new Redis(server.url)];
  await one.connect();
  for (const client of [one, other]) {
    const store = redisStore({ client });
    await store.run(KEY, admit());
    await store.close();
  }
  expect(await one.ping()).toBe("PONG");
  expect(await other.ping()).toBe("PONG");
  one.destroy();
  other.disconnect();
  const idle = createClient({ url: server.url });
  const store = redisStore({ client: idle });
  await store.open();
  await store.close();
  expect(idle.isOpen).toBe(false);
});

test("a client with its own prefix and stores with others see only their own circuits", async () => {
  const client = new Redis(server.url, { lazyConnect: true, keyPrefix: "mine:" });
  const [first, second] = [redisStore({ client }), redisStore({ client, prefix: "team:a" })];
  await first.run(KEY, limit());
  await second.run(KEY, admit());
  expect(await server.send("KEYS", "*")).toEqual(
    expect.arrayContaining([REDIS_KEY, "team:a:1:{default:registry:docker.io}"]),
  );
  expect((await second.list("default")).map(({ snapshot }) => snapshot.state)).toEqual(["closed"]);
  await Promise.all([first.close(), second.close()]);
});

test.each([
  [{}, 'redisStore option "client" is undefined, expected a client or a cluster of'],
  [{ client: { duplicate() {} } }, 'redisStore option "client" is an object, expected a client'],
  [{ client: "redis://secret@host" }, 'redisStore option "client" is a text, expected'],
  [{ client: createClient(), prefix: "{a}" }, 'option "prefix" is "{a}", expected 1 to 100 of the'],
  [{ client: createClient(), prefix: 5 }, 'redisStore option "prefix" is 5, expected'],
  [{ client: createClient(), ttl: 5 }, 'redisStore option "ttl" is not known'],
])("rejects options %#", (options, message) => {
  expect(() => redisStore(options as Parameters<typeof redisStore>[0])).toThrow(message);
});

test.each([
  [{ scope: "a b", name: "x" }, 'the scope of a circuit is "a b", expected 1 to 100 of the'],
  [{ scope: "a", name: "" }, 'the name of a circuit is "", expected a text of 1 to 200'],
])("rejects the key %o", async (key, message) => {
  const store = redisStore({ client: createClient({ url: server.url }) });
  await expect(store.run(key, admit())).rejects.toThrow(message);
  await store.close();
});

test("rejects commands that would garble a circuit", async () => {
  const store = redisStore({ client: createClient({ url: server.url }) });
  await expect(store.run(KEY, admit({ lease: "a b" }))).rejects.toThrow('is "a b", expected');
  await expect(store.run(KEY, admit({ chance: Number.NaN }))).rejects.toThrow(
    "chance of a command",
  );
  expect(await server.send("KEYS", "*")).toEqual([]);
  await store.close();
});

test("accepts a URL", async () => {
  const store = await openRedis(`${server.url}/3`, "mine");
  await store.run(KEY, admit());
  await store.close();
  expect(await server.send("INFO", "keyspace")).toContain("db3:keys=1");
});
