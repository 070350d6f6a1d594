/** Creates every kind of store for the processes of a test. Each store is empty and separate. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFleetServer } from "../../../src/fleet/http/index.js";
import { memoryStore } from "../../../src/fleet/memory/memory-store.js";
import { RedisServer } from "../redis/redis-server.js";

/** A long timeout, because a store on a busy machine is slow but not down. */
export const PATIENCE_MS = 10_000;

/** A store, with the options that the processes of a test need to open it. */
export interface Scene {
  /** The options with which fleet-process.mjs opens the store. */
  readonly store: { readonly kind: string } & Readonly<Record<string, unknown>>;
  /** Whether only one process can use the store. */
  readonly inOneProcess: boolean;
  /** Returns the time on the store's clock, in milliseconds. */
  nowMs(): Promise<number>;
  close(): Promise<void>;
}

/** Creates a scene. */
export type OpenScene = () => Promise<Scene>;

const TOKEN = "a-token-for-tests-0123456789";

/** The clients of Redis, by their names in fleet-process.mjs. */
export const REDIS_CLIENTS = ["node-redis", "ioredis"] as const;

async function memoryScene(): Promise<Scene> {
  return { store: { kind: "memory" }, inOneProcess: true, nowMs: machineMs, close: async () => {} };
}

async function sqliteScene(): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "fleet-proofs-"));
  return {
    store: { kind: "sqlite", path: join(folder, "fleet.db"), busyTimeoutMs: 1000 },
    inOneProcess: false,
    nowMs: machineMs,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function httpScene(): Promise<Scene> {
  const server = await startFleetServer({ store: memoryStore(), token: TOKEN });
  return {
    store: { kind: "http", url: server.url, token: TOKEN, timeoutMs: PATIENCE_MS },
    inOneProcess: false,
    nowMs: machineMs,
    close: () => server.close(),
  };
}

/** Returns a scene for an existing server. The URL can lead through a gate. */
export function redisSceneAt(
  kind: (typeof REDIS_CLIENTS)[number],
  server: RedisServer,
  { url }: { readonly url: string } = server,
): Scene {
  return {
    store: { kind, url },
    inOneProcess: false,
    nowMs: () => redisMs(server),
    close: () => server.close(),
  };
}

/** Returns the time on the clock of a Redis server. */
async function redisMs(server: RedisServer): Promise<number> {
  const time = await server.send("TIME");
  const [seconds, micros] = Array.isArray(time) ? time.map(Number) : [];
  if (seconds === undefined || micros === undefined) throw new Error("Redis tells no time");
  return seconds * 1000 + micros / 1000;
}

async function machineMs(): Promise<number> {
  return performance.timeOrigin + performance.now();
}

const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

/** All kinds of stores, as rows for `describe.each`. */
export const SCENES: readonly (readonly [name: string, open: OpenScene])[] = [
  ["memory", memoryScene],
  ...(hasSqlite ? ([["SQLite", sqliteScene]] as const) : []),
  ["HTTP", httpScene],
  ...REDIS_CLIENTS.map(
    (kind) =>
      [`Redis by ${kind}`, async () => redisSceneAt(kind, await RedisServer.start())] as const,
  ),
];
