/** Makes a store from a URL, with whichever client is installed. */

import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { checkRedisUrl } from "../store-url.js";
import type { RedisClient } from "./clients/client.js";
import { installedIoredis, installedNodeRedis } from "./clients/installed-clients.js";
import { redisStore } from "./redis-store.js";

/**
 * Makes a store in Redis from a URL, by `@redis/client`, or by `ioredis` where only that is installed.
 * It connects with `open()` or the first command. A certificate that no authority of Node's has signed
 * is trusted when the variable `NODE_EXTRA_CA_CERTS` names its file.
 *
 * @param url `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS.
 * @param prefix As that of `redisStore`.
 * @returns Rejects with a TypeError or RangeError that says what was expected and shows nothing of the
 * URL; with a {@link FleetStoreError} when no client is installed.
 */
export async function openRedis(url: string, prefix?: string): Promise<FleetStore> {
  checkRedisUrl(url);
  const client = (await nodeRedis(url)) ?? (await ioredis(url));
  if (client !== undefined) return redisStore({ client, prefix });
  throw new FleetStoreError(
    "a store in Redis needs a client, and none is installed beside dagger-circuit-breaker: run " +
      '"npm install @redis/client" in the project that has it, or "npm install --global @redis/client" ' +
      'where it was installed with --global ("ioredis" works as well)',
  );
}

/** The client is never connected: the store only takes its options. */
async function nodeRedis(url: string): Promise<RedisClient | undefined> {
  return (await installedNodeRedis())?.createClient({ url });
}

async function ioredis(url: string): Promise<RedisClient | undefined> {
  const module = await installedIoredis();
  return module && new module.Redis(url, { lazyConnect: true });
}
