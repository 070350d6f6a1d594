/** The store in Redis against every rule of shared circuits: both clients, one server and a cluster. */

import { afterAll, beforeAll, describe, test } from "vitest";
import { redisStore } from "../../src/fleet/redis/index.js";
import { fleetStoreConformance } from "../../src/testing/fleet/index.js";
import { CLIENTS, CLUSTERS } from "./redis-clients.js";
import { startCluster } from "./redis-cluster.js";
import { RedisServer } from "./redis-server.js";

let server: RedisServer;
let cluster: readonly RedisServer[] = [];

beforeAll(async () => {
  [server, cluster] = await Promise.all([RedisServer.start(), startCluster()]);
});
afterAll(async () => {
  await Promise.all([server, ...cluster].map((one) => one.close()));
});

describe.each(CLIENTS)("one server, %s", (_name, make) => {
  const open = () => redisStore({ client: make(server.url) });
  test.concurrent.each(fleetStoreConformance({ open }))("$title", ({ run }) => run());
});

describe.each(CLUSTERS)("a cluster of three masters, %s", (_name, make) => {
  const open = () => redisStore({ client: make(cluster.map(({ port }) => port)) });
  test.concurrent.each(fleetStoreConformance({ open }))("$title", ({ run }) => run());
});
