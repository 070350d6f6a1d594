/** Exports shared circuits in Redis: a store for an existing client, or for a URL. */

export type { RedisClient } from "./clients/client.js";
export { openRedis } from "./open-redis.js";
export { type RedisStoreOptions, redisStore } from "./redis-store.js";
