/**
 * Recognizes a Redis client by its properties. So any installed copy of `@redis/client` or
 * `ioredis` works.
 */

import { show } from "../../../options/check.js";
import type { MakeConnection } from "../connection/connection.js";
import { ioredisClusterConnection, ioredisConnection } from "./ioredis.js";
import { nodeRedisClusterConnection, nodeRedisConnection } from "./node-redis.js";
import { poolConnection, sentinelConnection } from "./node-redis-found.js";

/**
 * A client of `@redis/client` (or `redis`) 6 or `ioredis` 6, for one server, a cluster or
 * sentinels. The store uses only its options, so the client need not be connected. The store never
 * changes or closes the client.
 */
interface RedisSingleClient {
  duplicate(...overrides: never[]): unknown;
}

/** A client pool of `@redis/client` 6. The store reads the options from one client of the pool. */
interface RedisClientPool {
  execute(...parameters: never[]): unknown;
  readonly totalClients: number;
}

/** The clients that a store in Redis accepts. */
export type RedisClient = RedisSingleClient | RedisClientPool;

/**
 * Returns a function that opens connections with the options of a client.
 *
 * @throws TypeError if the value is not a supported client.
 */
export function connectionsOf(client: unknown, label: string): MakeConnection {
  if (isObject(client) && has(client, "execute") && typeof client.totalClients === "number") {
    return (onLost) => poolConnection(as(client), onLost);
  }
  if (isObject(client) && has(client, "duplicate")) {
    if (has(client, "call") && client.isCluster === true) {
      return (onLost) => ioredisClusterConnection(as(client), onLost);
    }
    if (has(client, "call") && typeof client.status === "string") {
      return (onLost) => ioredisConnection(as(client), onLost);
    }
    if (has(client, "sendCommand") && has(client, "getSentinelNode")) {
      return (onLost) => sentinelConnection(as(client), onLost);
    }
    if (has(client, "sendCommand") && has(client, "nodeClient") && isObject(client._options)) {
      return (onLost) => nodeRedisClusterConnection(as(client), onLost);
    }
    if (has(client, "sendCommand") && has(client, "unref") && isObject(client.options)) {
      return (onLost) => nodeRedisConnection(as(client), onLost);
    }
  }
  // Does not show a string, because it is probably a URL and may contain a password.
  const shown = typeof client === "string" ? "a text" : show(client);
  throw new TypeError(
    `${label} is ${shown}, expected a client or a cluster of "@redis/client" 6 or "ioredis" 6, ` +
      'or a sentinel client or a pool of "@redis/client" 6',
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function has(client: Readonly<Record<string, unknown>>, method: string): boolean {
  return typeof client[method] === "function";
}

/**
 * Casts a client whose properties were checked. The compiler cannot check the parameters of its
 * methods.
 */
function as<T>(client: unknown): T {
  return client as T;
}
