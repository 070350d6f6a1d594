/** Creates a Redis store from a URL, with the Redis client that is installed. */

import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { checkRedisUrl } from "../store-url.js";
import type { RedisClient } from "./clients/client.js";
import { installedIoredis, installedNodeRedis } from "./clients/installed-clients.js";
import { redisStore } from "./redis-store.js";

/**
 * Creates a store in Redis from a URL. Uses `@redis/client`, or `ioredis` if only that package is
 * installed. The store connects when you call `open()` or send the first command. To trust a
 * certificate authority of your own, set `NODE_EXTRA_CA_CERTS` to the file with its certificate.
 *
 * @param url `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS.
 * @param prefix The prefix of all keys and channels, as in the options of `redisStore`. Default:
 * `"dcb"`.
 * @returns The store. Rejects with a TypeError or RangeError for an invalid URL or prefix. The
 * message contains the expected value, but no part of the URL. Rejects with a {@link
 * FleetStoreError} if no client is installed.
 */
export async function openRedis(url: string, prefix?: string): Promise<FleetStore> {
  checkRedisUrl(url);
  const client = (await nodeRedis(url)) ?? (await ioredis(url));
  if (client !== undefined) return redisStore({ client, prefix });
  throw new FleetStoreError(
    "a store in Redis needs a client, but none is installed next to dagger-circuit-breaker. If " +
      'dagger-circuit-breaker is installed in a project, run "npm install @redis/client" there. If it is ' +
      'installed globally, run "npm install --global @redis/client" ("ioredis" works too)',
  );
}

/**
 * Creates a client from a URL. The client never connects, because the store uses only its options.
 */
async function nodeRedis(url: string): Promise<RedisClient | undefined> {
  return (await installedNodeRedis())?.createClient({ url });
}

async function ioredis(url: string): Promise<RedisClient | undefined> {
  const module = await installedIoredis();
  return module && new module.Redis(url, { lazyConnect: true });
}
