/** The interface of Redis connections, whichever package they use. */

/** A command and its arguments, as sent. */
export type RedisCommand = readonly string[];

/** Sends a command once. It is answered or rejected, and never sent again. */
export type RedisSend = (command: RedisCommand) => Promise<unknown>;

/**
 * A connection of the store to one server, or to the masters of a cluster. It does not reconnect; a
 * lost connection is replaced. Its sockets do not keep the process alive.
 */
export interface RedisConnection {
  /** The host and port, for messages. */
  readonly address: string;
  /** Whether it covers all masters of a cluster. */
  readonly isCluster: boolean;
  /** Resolves once commands can be sent. Rejects when there is no connection. */
  open(): Promise<void>;
  /** Sends a command to the server of the key. */
  send(key: string, command: RedisCommand): Promise<unknown>;
  /** Returns one sender for each master, for commands to all of them. */
  masters(): Promise<readonly RedisSend[]>;
  /** Opens a connection that only listens, to the same server or any node of the cluster. */
  subscriber(onMessage: RedisListener, onLost: OnLost): Promise<RedisSubscriber>;
  close(): void;
}

/** A connection that only listens. */
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
