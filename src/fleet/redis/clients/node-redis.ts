/**
 * Opens connections with node-redis (`@redis/client`, or `redis`, which contains it), to one server
 * or a cluster.
 */

import type { createClient, createCluster } from "@redis/client";
import {
  CONNECT_TIMEOUT_MS,
  type OnLost,
  type RedisConnection,
  type RedisListener,
  type RedisSubscriber,
} from "../connection/connection.js";

/** A client for one server. */
export type NodeRedisClient = ReturnType<typeof createClient>;
/** A client for a cluster. */
export type NodeRedisCluster = ReturnType<typeof createCluster>;

/**
 * Disables the client's own timeout, which would create an AbortSignal for each command.
 * `RedisLink` limits the wait for replies instead.
 */
const COMMAND_OPTIONS = { timeout: 0 } as const;
/**
 * The options of the store's own connections. They disable the offline queue, so that no command is
 * sent late.
 */
const OWN_OPTIONS = {
  disableOfflineQueue: true,
  disableClientInfo: true,
  maintNotifications: "disabled",
  commandOptions: COMMAND_OPTIONS,
} as const;
/** Disables reconnects, because the store itself replaces a lost connection. */
const OWN_SOCKET = { reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT_MS } as const;

interface ServerAddress {
  readonly host?: string;
  readonly port?: number;
}

/** Creates a connection to one server, with the options of a client. */
export function nodeRedisConnection(given: NodeRedisClient, onLost: OnLost): RedisConnection {
  const client = duplicate(given, onLost);
  const { host = "localhost", port = 6379 } = (client.options.socket ?? {}) as ServerAddress;
  return {
    address: `${host}:${port}`,
    isCluster: false,
    open: () => connect(client),
    send: (_key, command) => client.sendCommand(command),
    masters: async () => [(command) => client.sendCommand(command)],
    subscriber: async (onMessage, onSubscriberLost) =>
      subscriber(duplicate(given, onSubscriberLost), onMessage),
    close: () => client.destroy(),
  };
}

/** Creates a connection to a cluster, with the options of a client. */
export function nodeRedisClusterConnection(
  given: NodeRedisCluster,
  onLost: OnLost,
): RedisConnection {
  const { defaults } = given._options;
  const cluster = given.duplicate({
    minimizeConnections: true,
    useReplicas: false,
    commandOptions: COMMAND_OPTIONS,
    defaults: {
      ...defaults,
      ...OWN_OPTIONS,
      // Half the timeout, so that a node that does not respond cannot use up the time for the other
      // nodes.
      socket: { ...defaults?.socket, ...OWN_SOCKET, connectTimeout: CONNECT_TIMEOUT_MS / 2 },
    },
  });
  cluster.on("error", onLost);
  cluster.on("node-error", onLost);
  // A cluster has no `unref` for all its connections, so this listener calls `unref` on each of
  // them.
  cluster.on("node-connect", () => {
    for (const { client } of cluster.masters) client?.unref();
  });
  return {
    address: "the cluster",
    isCluster: true,
    open: async () => void (await cluster.connect()),
    send: (key, command) => cluster.sendCommand(key, false, [...command]),
    masters: async () => {
      const clients = await Promise.all(cluster.masters.map((node) => cluster.nodeClient(node)));
      return clients.map((client) => (command) => client.sendCommand(command));
    },
    subscriber: async (onMessage, onSubscriberLost) => {
      const { masters } = cluster;
      const node = masters[Math.floor(Math.random() * masters.length)];
      if (node === undefined) throw new Error("the cluster has no master");
      const client = await cluster.nodeClient(node);
      return subscriber(duplicate(client, onSubscriberLost), onMessage);
    },
    close: () => cluster.destroy(),
  };
}

function duplicate(given: NodeRedisClient, onLost: OnLost): NodeRedisClient {
  const socket = { ...given.options.socket, ...OWN_SOCKET };
  const client: NodeRedisClient = given.duplicate({ ...OWN_OPTIONS, socket });
  client.on("error", onLost);
  return client;
}

async function connect(client: NodeRedisClient): Promise<void> {
  client.unref();
  await client.connect();
}

function subscriber(client: NodeRedisClient, onMessage: RedisListener): RedisSubscriber {
  return {
    open: () => connect(client),
    subscribe: (channel) => client.subscribe(channel, (text) => onMessage(channel, text)),
    unsubscribe: (channel) => client.unsubscribe(channel),
    close: () => client.destroy(),
  };
}
