/** Declares the interface of Redis connections, which is the same for every client package. */

/** A Redis command with its arguments. */
export type RedisCommand = readonly string[];

/** Sends a command to one server, at most once. */
export type RedisSend = (command: RedisCommand) => Promise<unknown>;

/**
 * A connection of the store to one server, or to the masters of a cluster. It never reconnects,
 * because the store replaces a lost connection. Its sockets do not keep the process alive.
 */
export interface RedisConnection {
  /** Host and port of the server, for messages. */
  readonly address: string;
  /** Whether the connection leads to all masters of a cluster. */
  readonly isCluster: boolean;
  /** Resolves once commands can be sent. Rejects if the connection fails. */
  open(): Promise<void>;
  /** Sends a command to the server that holds the key. */
  send(key: string, command: RedisCommand): Promise<unknown>;
  /** Returns one send function for each master, for commands that must run on every server. */
  masters(): Promise<readonly RedisSend[]>;
  /**
   * Creates a second connection for subscriptions, to the same server or to any node of the
   * cluster.
   */
  subscriber(onMessage: RedisListener, onLost: OnLost): Promise<RedisSubscriber>;
  close(): void;
}

/** A connection for subscriptions. Redis accepts no other commands on such a connection. */
export interface RedisSubscriber {
  open(): Promise<void>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

/** Receives a message that was published on a channel. */
export type RedisListener = (channel: string, text: string) => void;

/** Called when an open connection, or a part of it, is lost. */
export type OnLost = (error: unknown) => void;

/** Creates a connection that is not open yet. */
export type MakeConnection = (onLost: OnLost) => RedisConnection;

/** The time limit for connecting, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 2000;
