/** Creates a store from a URL, with the installed client. */

import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { checkRedisUrl } from "../store-url.js";
import type { RedisClient } from "./clients/client.js";
import { installedIoredis, installedNodeRedis } from "./clients/installed-clients.js";
import { redisStore } from "./redis-store.js";

/**
 * Creates a store in Redis from a URL, with `@redis/client`, or with `ioredis` if only that is
 * installed. It connects with `open()` or the first command. To trust a certificate of your own
 * authority, set `NODE_EXTRA_CA_CERTS` to its file.
 *
 * @param url `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS.
 * @param prefix As the option of `redisStore`.
 * @returns The store. Rejects with a TypeError or RangeError that names the expected value and
 * shows no part of the URL. Rejects with a {@link FleetStoreError} when no client is installed.
 */
export async function openRedis(url: string, prefix?: string): Promise<FleetStore> {
  checkRedisUrl(url);
  const client = (await nodeRedis(url)) ?? (await ioredis(url));
  if (client !== undefined) return redisStore({ client, prefix });
  throw new FleetStoreError(
    "a store in Redis needs a client, but no client is installed beside dagger-circuit-breaker. Run " +
      '"npm install @redis/client" in its project, or "npm install --global @redis/client" ' +
      'if it was installed with --global ("ioredis" works too)',
  );
}

/** Creates a client from a URL. It is never connected: the store only reads its options. */
async function nodeRedis(url: string): Promise<RedisClient | undefined> {
  return (await installedNodeRedis())?.createClient({ url });
}

async function ioredis(url: string): Promise<RedisClient | undefined> {
  const module = await installedIoredis();
  return module && new module.Redis(url, { lazyConnect: true });
}
