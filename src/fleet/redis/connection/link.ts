/**
 * Keeps the store connected to Redis. Connects at the first use, and replaces a lost connection.
 */

import { FleetStoreError } from "../../store-error.js";
import { within } from "../../within.js";
import { isElsewhere, isLoginError, messageOf } from "../failure.js";
import { AwaitedAnswers } from "./awaited-answers.js";
import {
  CONNECT_TIMEOUT_MS,
  type MakeConnection,
  type RedisCommand,
  type RedisConnection,
} from "./connection.js";
import { Redialing } from "./redialing.js";

/** The maximum wait for a reply, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5000;
/** Milliseconds for which an awaited reply keeps an otherwise idle process alive. */
const HOLD_MS = 1000;

/**
 * The store's connection to Redis. It has no queue: commands are rejected while there is no
 * connection.
 */
export class RedisLink {
  readonly #make: MakeConnection;
  readonly #onOpened: () => void;
  readonly #redialing = new Redialing(() => this.#dial());
  readonly #awaited = new AwaitedAnswers(HOLD_MS, ANSWER_TIMEOUT_MS);
  #current: RedisConnection | undefined;
  #dialing: Promise<RedisConnection> | undefined;
  /** Replaced connections, which stay open until their commands in flight are answered. */
  readonly #replaced = new Map<RedisConnection, NodeJS.Timeout>();
  /** The reason why the connection failed; undefined while the connection works. */
  #problem: string | undefined;
  #closed = false;

  /**
   * @param onOpened Called for the first connection, and for each connection that replaces another.
   */
  constructor(make: MakeConnection, onOpened: () => void) {
    this.#make = make;
    this.#onOpened = onOpened;
  }

  /**
   * Connects at once, without waiting for the next scheduled attempt. Does nothing while connected.
   */
  async open(): Promise<void> {
    if (this.#current === undefined || this.#problem !== undefined) await this.#dialNow();
  }

  /**
   * Resolves to the connection. Waits for the first connection. If a connection has failed, rejects
   * at once instead of waiting for a new one.
   */
  async connection(): Promise<RedisConnection> {
    if (this.#current !== undefined) return this.#current;
    if (this.#problem === undefined) return this.#dialNow();
    throw new FleetStoreError(`Redis is not connected: ${this.#problem}`);
  }

  send(key: string, command: RedisCommand): Promise<unknown> {
    return this.ask((connection) => connection.send(key, command));
  }

  /** Asks the connection for one reply, within the time limit. */
  async ask<T>(question: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const connection = this.#current ?? (await this.connection());
    try {
      return await this.#awaited.take(question(connection));
    } catch (error) {
      if (isElsewhere(error)) this.#replace(connection, error);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#redialing.stop();
    this.#awaited.close();
    this.#current?.close();
    this.#current = undefined;
    for (const [connection, timer] of this.#replaced) {
      clearTimeout(timer);
      connection.close();
    }
    this.#replaced.clear();
  }

  /** Connects while a caller waits. The wait keeps the process alive. */
  #dialNow(): Promise<RedisConnection> {
    return within(this.#dial(), CONNECT_TIMEOUT_MS);
  }

  #dial(): Promise<RedisConnection> {
    if (this.#closed) return Promise.reject(new FleetStoreError("the store in Redis is closed"));
    this.#dialing ??= this.#connect().finally(() => {
      this.#dialing = undefined;
    });
    return this.#dialing;
  }

  async #connect(): Promise<RedisConnection> {
    const connection = this.#make((error) => this.#replace(connection, error));
    try {
      await within(connection.open(), CONNECT_TIMEOUT_MS, false);
      if (this.#closed) throw new FleetStoreError("the store in Redis is closed");
    } catch (error) {
      connection.close();
      this.#problem = messageOf(error);
      this.#redialing.failed();
      throw new FleetStoreError(
        isLoginError(this.#problem)
          ? `Redis rejected the login; check the user and the password (${this.#problem})`
          : `Redis cannot be reached: ${this.#problem}`,
      );
    }
    if (this.#current !== undefined) this.#retire(this.#current);
    this.#current = connection;
    this.#problem = undefined;
    this.#redialing.succeeded();
    this.#onOpened();
    return connection;
  }

  /**
   * Schedules a new connection. Until it is open, the old connection stays in use, because its
   * connections to other nodes of a cluster may still work.
   */
  #replace(connection: RedisConnection, error: unknown): void {
    if (connection !== this.#current || this.#closed) return;
    this.#problem = messageOf(error);
    this.#redialing.soon();
  }

  #retire(connection: RedisConnection): void {
    const timer = setTimeout(() => {
      this.#replaced.delete(connection);
      connection.close();
    }, ANSWER_TIMEOUT_MS);
    this.#replaced.set(connection, timer.unref());
  }
}
