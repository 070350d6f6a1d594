/** Opens connections with ioredis, to one server or a cluster. */

import type { Cluster, ClusterOptions, Redis } from "ioredis";
import {
  CONNECT_TIMEOUT_MS,
  type OnLost,
  type RedisConnection,
  type RedisListener,
  type RedisSubscriber,
} from "../connection/connection.js";

/**
 * Returns null, which disables the retries of ioredis. The store itself replaces lost connections.
 */
const NEVER = (): null => null;

/**
 * The options of the store's own connections. They disable the offline queue and all retries, so
 * that no command is sent twice.
 */
const OWN_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableReadyCheck: false,
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: NEVER,
  reconnectOnError: null,
  disableClientInfo: true,
  monitor: false,
  keyPrefix: "",
  connectTimeout: CONNECT_TIMEOUT_MS,
} as const;

/** Creates a connection to one server, with the options of a client. */
export function ioredisConnection(given: Redis, onLost: OnLost): RedisConnection {
  const client = duplicate(given, onLost);
  const { host = "localhost", port = 6379 } = client.options;
  return {
    address: `${host}:${port}`,
    isCluster: false,
    open: () => connect(client),
    send: (_key, [name = "", ...args]) => client.call(name, ...args),
    masters: async () => [([name = "", ...args]) => client.call(name, ...args)],
    subscriber: async (onMessage, onSubscriberLost) =>
      subscriber(duplicate(given, onSubscriberLost), onMessage),
    close: () => disconnect(client),
  };
}

/** Creates a connection to a cluster, with the options of a client. */
export function ioredisClusterConnection(given: Cluster, onLost: OnLost): RedisConnection {
  const cluster = given.duplicate([], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    enableAutoPipelining: false,
    scaleReads: "master",
    clusterRetryStrategy: NEVER,
    // Disables retries, because Redis may have run a command before its connection was lost.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: 0,
    keyPrefix: "",
    redisOptions: nodeOptions(given),
  });
  cluster.on("error", onLost);
  cluster.on("node error", onLost);
  cluster.on("end", () => onLost(new Error("the connection to the cluster ended")));
  cluster.on("+node", (node: Redis) => unrefWhenConnected(node));
  const nodes = () => cluster.nodes("master");
  return {
    address: "the cluster",
    isCluster: true,
    open: async () => {
      await cluster.connect();
      // Waits for all nodes, because a node that is still connecting rejects commands. Ignores a
      // node that is down, because the other nodes still work.
      await Promise.allSettled(nodes().map((node) => node.connect()));
    },
    send: (_key, [name = "", ...args]) => cluster.call(name, ...args),
    masters: async () =>
      nodes().map(
        (node) =>
          ([name = "", ...args]) =>
            node.call(name, ...args),
      ),
    subscriber: async (onMessage, onSubscriberLost) => {
      const masters = nodes();
      const node = masters[Math.floor(Math.random() * masters.length)];
      if (node === undefined) throw new Error("the cluster has no master");
      return subscriber(duplicate(node, onSubscriberLost), onMessage);
    },
    close: () => disconnect(cluster),
  };
}

/**
 * Returns the options for each node of a cluster. They are the client's options without
 * `replyMapping`, and the store's own options take precedence.
 */
function nodeOptions({
  options,
}: Cluster): Omit<NonNullable<ClusterOptions["redisOptions"]>, "replyMapping"> {
  const { replyMapping: _, ...given } = options.redisOptions ?? {};
  return { ...given, ...OWN_OPTIONS, connectTimeout: CONNECT_TIMEOUT_MS / 2 };
}

function duplicate(given: Redis, onLost: OnLost): Redis {
  const client = given.duplicate(OWN_OPTIONS);
  let problem: unknown;
  client.on("error", (error) => {
    problem = error;
  });
  client.on("end", () => onLost(problem ?? new Error("the connection was closed")));
  unrefWhenConnected(client);
  return client;
}

function unrefWhenConnected(client: Redis): void {
  client.on("connect", () => client.stream.unref());
}

/**
 * Disconnects, unless the client has already ended. In that case, ioredis would start a timer that
 * keeps the process alive.
 */
function disconnect(client: Redis | Cluster): void {
  if (client.status !== "end") client.disconnect();
}

/**
 * Connects. Rejects with the error of the "error" event, because ioredis itself rejects with
 * nothing but "connection is closed".
 */
async function connect(client: Redis): Promise<void> {
  let problem: unknown;
  const keep = (error: unknown) => {
    problem ??= error;
  };
  client.on("error", keep);
  try {
    await client.connect();
  } catch (error) {
    throw problem ?? error;
  } finally {
    client.off("error", keep);
  }
}

function subscriber(client: Redis, onMessage: RedisListener): RedisSubscriber {
  client.on("message", onMessage);
  return {
    open: () => connect(client),
    subscribe: async (channel) => void (await client.subscribe(channel)),
    unsubscribe: async (channel) => void (await client.unsubscribe(channel)),
    close: () => {
      // Removes the listener, because messages still arrive until the server has closed its side.
      client.off("message", onMessage);
      disconnect(client);
    },
  };
}
