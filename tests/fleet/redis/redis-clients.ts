/** The clients that the store in Redis accepts, never connected by themselves. */

import type { TLSSocketOptions } from "node:tls";
import { createClient, createCluster } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import type { RedisClient } from "../../../src/fleet/redis/index.js";

/** Not the 5 s of the package, which a busy machine can exceed. */
const CONNECT_TIMEOUT_MS = 120_000;

/** Both packages, for a table of tests. */
export const CLIENTS: readonly (readonly [
  name: string,
  make: (url: string, tls?: Pick<TLSSocketOptions, "ca">) => RedisClient,
])[] = [
  [
    "node-redis",
    (url, tls) => createClient(tls ? { url, socket: { tls: true, ...tls } } : { url }),
  ],
  ["ioredis", (url, tls) => new Redis(url, { lazyConnect: true, ...(tls && { tls }) })],
];

/** Both packages' clusters. */
export const CLUSTERS: readonly (readonly [
  name: string,
  make: (ports: readonly number[]) => RedisClient,
])[] = [
  [
    "node-redis",
    (ports) =>
      createCluster({
        rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
        defaults: { socket: { connectTimeout: CONNECT_TIMEOUT_MS } },
      }),
  ],
  [
    "ioredis",
    (ports) =>
      new Cluster(
        ports.map((port) => ({ host: "127.0.0.1", port })),
        { lazyConnect: true },
      ),
  ],
];
