/** What the store needs of a Redis client, whichever package it is of. */

/** A command and its arguments, as they go over the wire. */
export type RedisCommand = readonly string[];

/** Sends a command once: it is answered or rejected, and never sent again after that. */
export type RedisSend = (command: RedisCommand) => Promise<unknown>;

/**
 * A connection of our own to one server, or to the masters of a cluster. It does not reconnect: once
 * lost, it is replaced. None of its sockets keeps the process alive.
 */
export interface RedisConnection {
  /** Where it leads, in messages: a host and a port. */
  readonly address: string;
  /** Whether it knows all masters of a cluster. */
  readonly isCluster: boolean;
  /** Resolves once commands can be sent; rejects when there is no connection. */
  open(): Promise<void>;
  /** Sends a command to whoever holds the key. */
  send(key: string, command: RedisCommand): Promise<unknown>;
  /** One for each master, for what goes to all of them. */
  masters(): Promise<readonly RedisSend[]>;
  /** A connection to the same server, or to any of the cluster, that only listens. */
  subscriber(onMessage: RedisListener, onLost: OnLost): Promise<RedisSubscriber>;
  close(): void;
}

/** A connection that only listens, as a connection does. */
export interface RedisSubscriber {
  open(): Promise<void>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

/** Hears a message of a channel. */
export type RedisListener = (channel: string, text: string) => void;

/** Hears that a connection that was open, or a part of it, is lost. */
export type OnLost = (error: unknown) => void;

/** Makes a connection that is not open yet. */
export type MakeConnection = (onLost: OnLost) => RedisConnection;

/** How long a connection may take to be there, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 2000;
