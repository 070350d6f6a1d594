/** The interface of Redis connections, whichever package they use. */

/** A command and its arguments, as sent. */
export type RedisCommand = readonly string[];

/** Sends a command to one server, at most once. */
export type RedisSend = (command: RedisCommand) => Promise<unknown>;

/**
 * A connection of the store to one server, or to the masters of a cluster. It never reconnects: the
 * store replaces a lost connection. Its sockets do not keep the process alive.
 */
export interface RedisConnection {
  /** The host and port, for messages. */
  readonly address: string;
  /** Whether this is a connection to a cluster, with all of its masters. */
  readonly isCluster: boolean;
  /** Resolves once commands can be sent. Rejects when there is no connection. */
  open(): Promise<void>;
  /** Sends a command to the server that holds the key. */
  send(key: string, command: RedisCommand): Promise<unknown>;
  /**
   * Returns a function for each master that sends commands to it, for commands that concern all
   * servers.
   */
  masters(): Promise<readonly RedisSend[]>;
  /** Opens a second connection for subscriptions, to the same server or any node of the cluster. */
  subscriber(onMessage: RedisListener, onLost: OnLost): Promise<RedisSubscriber>;
  close(): void;
}

/** A connection for subscriptions. Redis accepts no other commands on it. */
export interface RedisSubscriber {
  open(): Promise<void>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

/** Receives a message of a channel. */
export type RedisListener = (channel: string, text: string) => void;

/** Called when an open connection, or a part of it, is lost. */
export type OnLost = (error: unknown) => void;

/** Creates a connection that is not open yet. */
export type MakeConnection = (onLost: OnLost) => RedisConnection;

/** The limit for connecting, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 2000;
