/** Tests the store in Redis while connections and servers fail: it sends nothing twice, and recovers. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { redisStore } from "../../../src/fleet/redis/index.js";
import type { FleetEntry, FleetStore } from "../../../src/fleet/store.js";
import { isFleetStoreError } from "../../../src/fleet/store-error.js";
import { admit, KEY, limit, settle } from "../commands.js";
import { TcpGate } from "../tcp-gate.js";
import { CLIENTS, CLUSTERS } from "./redis-clients.js";
import { startCluster } from "./redis-cluster.js";
import { freePort, RedisServer, until } from "./redis-server.js";

let server: RedisServer;
let gate: TcpGate;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
  gate = await TcpGate.open(server.port);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await gate.close();
  await server.close();
});

/** Waits until the store replies again. */
async function isBack(store: FleetStore): Promise<void> {
  await until(() => store.run(KEY, { kind: "read" }).then(Boolean, () => false));
}

async function successesIn(store: FleetStore): Promise<number> {
  const { snapshot } = await store.run(KEY, { kind: "read" });
  return snapshot.counts.successes;
}

describe.each(CLIENTS)("%s", (_name, make) => {
  function open(): FleetStore {
    const store = redisStore({ client: make(gate.url) });
    ends.push(() => store.close());
    return store;
  }

  test("a command whose reply is lost is rejected once, and never sent again", async () => {
    const store = open();
    await store.run(KEY, admit());
    gate.swallowsAnswers = true;
    const told = store.run(KEY, settle());
    const rejected = expect(told).rejects.toSatisfy(isFleetStoreError);
    const direct = redisStore({ client: make(server.url) });
    ends.push(() => direct.close());
    await until(async () => (await successesIn(direct)) === 1);
    gate.swallowsAnswers = false;
    gate.cut();
    await rejected;
    await isBack(store);
    expect(await successesIn(store)).toBe(1);
    expect(gate.sent.split("$6\r\nsettle\r\n").length - 1).toBe(1);
  });

  test("without a server, commands are rejected at once and none is queued", async () => {
    const store = open();
    await store.run(KEY, admit());
    await server.kill();
    for (let index = 0; index < 50; index += 1) {
      await expect(store.run(KEY, settle())).rejects.toSatisfy(isFleetStoreError);
    }
    await server.restart();
    await isBack(store);
    expect(await successesIn(store)).toBe(0);
  });

  test("connects soon after a server appears", async () => {
    await server.kill();
    const store = open();
    await expect(store.open()).rejects.toThrow(/^Redis cannot be reached: /);
    await server.restart();
    await isBack(store);
  });

  test("a store whose server is gone does not report that it is open", async () => {
    const store = open();
    await store.open();
    await server.kill();
    await until(() =>
      store.open().then(
        () => false,
        (error) => /^Redis cannot be reached: /.test(String(error.message)),
      ),
    );
    await server.restart();
    await store.open();
    expect((await store.run(KEY, admit())).admitted).toBe(1);
  });

  test("replaces the connection to a replica that has lost its master", async () => {
    const store = open();
    await store.run(KEY, admit());
    const port = await freePort();
    await server.send("CONFIG", "SET", "replica-serve-stale-data", "no");
    await server.send("REPLICAOF", "127.0.0.1", String(port));
    const connections = gate.connections;
    await expect(store.run(KEY, settle())).rejects.toThrow(/MASTERDOWN|READONLY/);
    await until(() => gate.connections > connections);
    await server.send("REPLICAOF", "NO", "ONE");
    await isBack(store);
  });

  test("a subscription survives a restart, after which all circuits are closed", async () => {
    const store = open();
    const heard: FleetEntry[] = [];
    store.subscribe("default", (entry) => heard.push(entry));
    await store.run(KEY, limit());
    await server.restart();
    await isBack(store);
    expect((await store.run(KEY, admit())).admitted).toBe(1);
    heard.length = 0;
    await until(async () => {
      await store.run(KEY, { kind: "reset", reason: null, owner: "Ann" });
      return heard.length > 0;
    });
    expect(heard[0]).toMatchObject({ name: KEY.name, snapshot: { state: "closed" } });
  });

  test("a subscription alone recovers when its connection is cut", async () => {
    const store = open();
    let heard = 0;
    store.subscribe("default", () => {
      heard += 1;
    });
    const hears = async () => {
      const before = heard;
      await until(async () => {
        await server.send("PUBLISH", "dcb:1:default", MESSAGE);
        return heard > before;
      });
    };
    await hears();
    const connections = gate.connections;
    gate.cut();
    await until(() => gate.connections > connections);
    await hears();
  });

  test("after a failover the replica continues from the same state", async () => {
    const replica = await RedisServer.start();
    ends.push(() => replica.close());
    const store = open();
    const { snapshot } = await store.run(KEY, limit());
    await replica.send("REPLICAOF", "127.0.0.1", String(server.port));
    await until(async () =>
      String(await replica.send("INFO", "replication")).includes("link_status:up"),
    );
    await replica.send("REPLICAOF", "NO", "ONE");
    // The old master becomes a replica. Clients that connect to its address now reach the new master, as
    // with DNS.
    await server.send("REPLICAOF", "127.0.0.1", String(replica.port));
    gate.target = replica.port;
    await until(() => store.run(KEY, settle()).then(Boolean, () => false));
    const after = await store.run(KEY, admit());
    expect(after).toMatchObject({ admitted: 0, refusal: "open" });
    expect(after.snapshot.generation).toBe(snapshot.generation);
  });

  test("replaces the connection to a silent server after five seconds", async () => {
    const store = open();
    await store.run(KEY, admit());
    gate.swallowsRequests = true;
    await expect(store.run(KEY, settle())).rejects.toThrow("took longer than 5000 ms");
    gate.swallowsRequests = false;
    await isBack(store);
    expect(await successesIn(store)).toBe(0);
  });

  test("a frozen server replies late, and only once", async () => {
    const store = open();
    await store.run(KEY, admit());
    server.stop();
    const told = store.run(KEY, settle());
    server.continue();
    expect((await told).counted).toBe(1);
    expect(await successesIn(store)).toBe(1);
  });
});

describe.each(CLUSTERS)("a cluster, %s", (_name, make) => {
  let cluster: readonly RedisServer[] = [];
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => Promise.all(cluster.map((one) => one.close())));

  test.each(CLIENTS)(
    "rejects one node of it, by %s, instead of listing a part",
    async (_, client) => {
      const all = redisStore({ client: make(cluster.map(({ port }) => port)) });
      const one = redisStore({ client: client(cluster[0]?.url ?? "") });
      ends.push(
        () => all.close(),
        () => one.close(),
      );
      const node = /^the server is one node of a Redis cluster .*Use a client of the cluster/;
      const scopes = Array.from({ length: 12 }, (_, index) => `scope-${index}`);
      const refusals = await Promise.all(
        scopes.map((scope) => one.list(scope).then(String, (error: Error) => error.message)),
      );
      for (const message of refusals) expect(message).toMatch(node);
      // Some of these scopes are stored on the node itself. For them, the error names the address of this
      // node.
      const itself = `its address: 127.0.0.1:${cluster[0]?.port}`;
      expect(refusals.some((message) => message.includes(itself))).toBe(true);
      const names = Array.from({ length: 12 }, (_, index) => `upstream-${index}`);
      const run = (store: FleetStore) =>
        Promise.all(
          names.map((name) =>
            store.run({ scope: "node", name }, admit()).then(
              () => "",
              (error: Error) => error.message,
            ),
          ),
        );
      expect(await run(all)).toEqual(names.map(() => ""));
      const told = (await run(one)).filter((message) => message !== "");
      expect(told.length).toBeGreaterThan(0);
      for (const message of told) expect(message).toMatch(node);
      expect(told[0]).toMatch(/\(MOVED \d+ 127\.0\.0\.1:\d+\)/);
      await expect(one.list("node")).rejects.toThrow(node);
      for (const master of cluster) await master.send("FLUSHALL");
    },
  );

  test("spreads circuits over all masters and lists them from all; one that is down fails its own", async () => {
    const store = redisStore({ client: make(cluster.map(({ port }) => port)) });
    ends.push(() => store.close());
    const names = Array.from({ length: 30 }, (_, index) => `upstream-${index}`).sort();
    const admitted = (name: string) =>
      store.run({ scope: "spread", name }, admit()).then(
        (reply) => reply.admitted,
        () => 0,
      );
    expect(await Promise.all(names.map(admitted))).toEqual(names.map(() => 1));
    expect((await store.list("spread")).map(({ name }) => name)).toEqual(names);
    const keys = await Promise.all(cluster.map((one) => one.send("DBSIZE")));
    expect(keys.every((count) => Number(count) > 0)).toBe(true);
    // By default, all nodes of a cluster reject commands while one node is down.
    for (const one of cluster) {
      await one.send("CONFIG", "SET", "cluster-require-full-coverage", "no");
    }
    await cluster[2]?.kill();
    const alive = 30 - Number(keys[2]);
    await until(async () => {
      const answers = await Promise.all(names.map(admitted));
      return answers.filter((count) => count === 1).length === alive;
    });
    await cluster[2]?.restart();
  });
});

/** A message in the form that the script publishes. */
const MESSAGE = JSON.stringify({
  name: "x",
  snapshot: {
    generation: 1,
    state: "closed",
    ageMs: 0,
    retryAfterMs: 0,
    badSeconds: 0,
    reporters: 0,
    probes: 0,
    openings: 0,
    isolation: null,
    failure: null,
    counts: { successes: 0, failures: 0, late: 0 },
  },
});
