/**
 * Tests the store in Redis against every rule of shared circuits, with both clients, on one server and on a
 * cluster.
 */

import { afterAll, beforeAll, describe, test } from "vitest";
import type { RedisClient } from "../../../src/fleet/redis/index.js";
import { redisStore } from "../../../src/fleet/redis/index.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { fleetStoreConformance } from "../../../src/testing/fleet/index.js";
import { KEY } from "../commands.js";
import { CLIENTS, CLUSTERS } from "./redis-clients.js";
import { startCluster } from "./redis-cluster.js";
import { RedisServer, until } from "./redis-server.js";

let server: RedisServer;
let cluster: readonly RedisServer[] = [];

beforeAll(async () => {
  [server, cluster] = await Promise.all([RedisServer.start(), startCluster()]);
});
afterAll(async () => {
  await Promise.all([server, ...cluster].map((one) => one.close()));
});

/** Connects a store. Retries, because a busy machine may exceed the store's own timeout. */
async function connected(client: RedisClient): Promise<FleetStore> {
  const store = redisStore({ client });
  const scope = "connected";
  await until(() => store.run({ ...KEY, scope }, { kind: "read" }).then(Boolean, () => false));
  return store;
}

describe.each(CLIENTS)("one server, %s", (_name, make) => {
  const open = () => connected(make(server.url));
  test.concurrent.each(fleetStoreConformance({ open }))("$title", ({ run }) => run());
});

describe.each(CLUSTERS)("a cluster of three masters, %s", (_name, make) => {
  const open = () => connected(make(cluster.map(({ port }) => port)));
  test.concurrent.each(fleetStoreConformance({ open }))("$title", ({ run }) => run());
});
