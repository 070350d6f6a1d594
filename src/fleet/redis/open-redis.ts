/** Makes a store from a URL, with whichever client is installed. */

import type { FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import type { RedisClient } from "./client.js";
import { installedIoredis, installedNodeRedis } from "./installed-clients.js";
import { redisStore } from "./redis-store.js";

const EXPECTED = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";

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
  checkUrl(url);
  const client = (await nodeRedis(url)) ?? (await ioredis(url));
  if (client !== undefined) return redisStore({ client, prefix });
  throw new FleetStoreError(
    "a store in Redis needs a client, and none is installed beside dagger-circuit-breaker: run " +
      '"npm install @redis/client" in the project that has it, or "npm install --global @redis/client" ' +
      'where it was installed with --global ("ioredis" works as well)',
  );
}

/** The clients' own errors for a wrong URL show all of it. */
function checkUrl(url: string): void {
  if (typeof url !== "string") {
    throw new TypeError(`the URL of Redis is of type ${typeof url}, expected ${EXPECTED}`);
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const fits =
    (parsed?.protocol === "redis:" || parsed?.protocol === "rediss:") &&
    parsed.hostname !== "" &&
    /^(\/\d*)?$/.test(parsed.pathname) &&
    isDecodable(parsed.username + parsed.password);
  if (!fits) throw new RangeError(`the URL of Redis is no such URL, expected ${EXPECTED}`);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The client is never connected: the store only takes its options. */
async function nodeRedis(url: string): Promise<RedisClient | undefined> {
  return (await installedNodeRedis())?.createClient({ url });
}

async function ioredis(url: string): Promise<RedisClient | undefined> {
  const module = await installedIoredis();
  return module && new module.Redis(url, { lazyConnect: true });
}
