/** Tells by its shape what a client is, whichever copy of which package it comes from. */

import { show } from "../../../options/check.js";
import type { MakeConnection } from "../connection/connection.js";
import { ioredisClusterConnection, ioredisConnection } from "./ioredis.js";
import { nodeRedisClusterConnection, nodeRedisConnection } from "./node-redis.js";
import { poolConnection, sentinelConnection } from "./node-redis-found.js";

/**
 * A client of `@redis/client` (or `redis`) 6 or of `ioredis` 6, for one server, for a cluster or with
 * sentinels. Only its options are used: it may be connected or not, and is never changed or closed.
 */
interface RedisSingleClient {
  duplicate(...overrides: never[]): unknown;
}

/** A pool of `@redis/client` 6, of which a client is asked for its options. */
interface RedisClientPool {
  execute(...parameters: never[]): unknown;
  readonly totalClients: number;
}

/** What a store in Redis can be made of. */
export type RedisClient = RedisSingleClient | RedisClientPool;

/** @throws TypeError when the value is no such client. */
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
  // A text is most likely a URL, which may hold a password.
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

/** Its shape was looked at; what a method takes cannot be. */
function as<T>(client: unknown): T {
  return client as T;
}
