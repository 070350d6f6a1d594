/**
 * Opens connections with node-redis to a server that must be found first: by a sentinel, or in a
 * pool of clients.
 */

import type { createClient, createClientPool, createSentinel } from "@redis/client";
import { FleetStoreError } from "../../store-error.js";
import {
  CONNECT_TIMEOUT_MS,
  type OnLost,
  type RedisConnection,
  type RedisSend,
} from "../connection/connection.js";
import { installedNodeRedis } from "./installed-clients.js";
import { type NodeRedisClient, nodeRedisConnection } from "./node-redis.js";

/** A client that asks sentinels which server is the master. */
type NodeRedisSentinel = ReturnType<typeof createSentinel>;
/** A pool of clients of one server. */
type NodeRedisPool = ReturnType<typeof createClientPool>;

type SentinelOptions = Parameters<typeof createSentinel>[0];
type Address = SentinelOptions["sentinelRootNodes"][number];

/** Creates a connection to the current master of a sentinel client. */
export function sentinelConnection(given: NodeRedisSentinel, onLost: OnLost): RedisConnection {
  const options = optionsOf(given);
  return foundConnection(async () => {
    const module = await installedNodeRedis();
    if (module === undefined) {
      throw new FleetStoreError("Redis Sentinel needs @redis/client: npm install @redis/client");
    }
    const { createClient } = module;
    const { host, port } = await masterOf(options, createClient);
    const { nodeClientOptions = {} } = options;
    return template(createClient, {
      ...nodeClientOptions,
      socket: { ...nodeClientOptions.socket, host, port },
    });
  }, onLost);
}

/** Creates a connection with the options of a pool's clients. */
export function poolConnection(given: NodeRedisPool, onLost: OnLost): RedisConnection {
  return foundConnection(() => clientOf(given), onLost);
}

/** Returns a connection that finds its server with `find` each time it is opened. */
function foundConnection(find: () => Promise<NodeRedisClient>, onLost: OnLost): RedisConnection {
  let found: RedisConnection | undefined;
  let closed = false;
  const connection = (): RedisConnection => {
    if (found !== undefined) return found;
    throw new FleetStoreError("the connection to Redis is not open");
  };
  return {
    address: "chosen by the sentinel or the pool",
    isCluster: false,
    async open() {
      found = nodeRedisConnection(await find(), onLost);
      if (closed) throw new FleetStoreError("the connection to Redis was closed");
      await found.open();
    },
    send: (key, command) => connection().send(key, command),
    masters: async (): Promise<readonly RedisSend[]> => connection().masters(),
    subscriber: async (onMessage, onSubscriberLost) =>
      connection().subscriber(onMessage, onSubscriberLost),
    close() {
      closed = true;
      found?.close();
    },
  };
}

/**
 * Returns the options of a sentinel client. The client does not expose them, but its `duplicate`
 * passes them to the constructor of its prototype. So this function calls `duplicate` with a
 * constructor that keeps the options.
 */
function optionsOf(given: NodeRedisSentinel): SentinelOptions {
  let options: SentinelOptions | undefined;
  const prototype = Object.create(given, {
    constructor: {
      value: function take(handed: SentinelOptions) {
        options = handed;
      },
    },
  });
  Object.create(prototype).duplicate();
  if (options !== undefined) return options;
  throw new FleetStoreError("the options of the sentinel client cannot be read");
}

/**
 * Returns the address of the master. Asks one sentinel after the other, because a sentinel may be
 * down or not know the master.
 */
async function masterOf(options: SentinelOptions, create: typeof createClient): Promise<Address> {
  const { name, sentinelRootNodes, sentinelClientOptions = {}, nodeAddressMap } = options;
  let problem: unknown;
  for (const { host, port } of sentinelRootNodes) {
    const limit = Math.ceil(CONNECT_TIMEOUT_MS / (sentinelRootNodes.length + 1));
    const client = template(create, {
      ...sentinelClientOptions,
      disableClientInfo: true,
      socket: {
        ...sentinelClientOptions.socket,
        host,
        port,
        connectTimeout: limit,
        reconnectStrategy: false,
      },
    });
    try {
      client.unref();
      await client.connect();
      const answer = await client.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]);
      if (Array.isArray(answer)) {
        return mapped({ host: String(answer[0]), port: Number(answer[1]) }, nodeAddressMap);
      }
      problem = new FleetStoreError(`the sentinel at ${host}:${port} knows no master "${name}"`);
    } catch (error) {
      problem = error;
    } finally {
      client.destroy();
    }
  }
  throw (
    problem ?? new FleetStoreError("the sentinel client has no sentinels; set sentinelRootNodes")
  );
}

function mapped(address: Address, map: SentinelOptions["nodeAddressMap"]): Address {
  const name = `${address.host}:${address.port}`;
  return (typeof map === "function" ? map(name) : map?.[name]) ?? address;
}

/** Creates a client, which is used to hold options or to ask a sentinel. */
function template(create: typeof createClient, options: object): NodeRedisClient {
  const client = create(options);
  client.on("error", () => undefined);
  // The type of a client depends on its protocol version, which does not matter here.
  return client as unknown as NodeRedisClient;
}

/**
 * Returns one client of a pool, so that its options can be read. If the pool is not open, connects
 * it first and closes it again.
 */
async function clientOf(pool: NodeRedisPool): Promise<NodeRedisClient> {
  const isOurs = !pool.isOpen;
  const ignore = () => undefined;
  if (isOurs) {
    pool.on("error", ignore);
    await pool.connect();
  }
  try {
    return (await pool.execute(async (client) => client)) as unknown as NodeRedisClient;
  } finally {
    if (isOurs) {
      pool.destroy();
      pool.off("error", ignore);
    }
  }
}
