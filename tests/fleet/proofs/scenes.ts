/** Every kind of store for processes of a test, each empty and by itself. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFleetServer } from "../../../src/fleet/http/index.js";
import { memoryStore } from "../../../src/fleet/memory/memory-store.js";
import { RedisServer } from "../redis/redis-server.js";

/** A busy machine is no store that is down: the proofs of what stores count wait this long. */
export const PATIENCE_MS = 10_000;

/** A store, and how the processes of a test get at it. */
export interface Scene {
  /** What the driver makes its store of. */
  readonly store: { readonly kind: string } & Readonly<Record<string, unknown>>;
  /** Whether only one process can have it. */
  readonly inOneProcess: boolean;
  /** The time by the clock of the store, in milliseconds. */
  nowMs(): Promise<number>;
  close(): Promise<void>;
}

/** Makes a scene. */
export type OpenScene = () => Promise<Scene>;

const TOKEN = "a-token-for-tests-0123456789";

/** The clients of Redis, as the driver knows them. */
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

/** A server that is there, behind one of the clients, and perhaps behind a gate. */
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

/** The time of a server. */
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

/** All kinds, for a table of tests. */
export const SCENES: readonly (readonly [name: string, open: OpenScene])[] = [
  ["memory", memoryScene],
  ...(hasSqlite ? ([["SQLite", sqliteScene]] as const) : []),
  ["HTTP", httpScene],
  ...REDIS_CLIENTS.map(
    (kind) =>
      [`Redis by ${kind}`, async () => redisSceneAt(kind, await RedisServer.start())] as const,
  ),
];
