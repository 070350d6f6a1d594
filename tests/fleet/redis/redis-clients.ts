/** Creates the Redis clients that the store accepts. The store connects them. */

import type { TLSSocketOptions } from "node:tls";
import { createClient, createCluster } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import type { RedisClient } from "../../../src/fleet/redis/index.js";

/** A busy machine can exceed the packages' default of 5 s. */
const CONNECT_TIMEOUT_MS = 120_000;

/** Clients of both packages, as rows for `describe.each`. */
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

/** Cluster clients of both packages. */
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
