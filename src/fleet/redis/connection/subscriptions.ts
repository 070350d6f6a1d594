/**
 * Subscribes to the changes of circuits in scopes. Uses a separate connection, which exists only
 * while there are listeners.
 */

import { isEntry } from "../../reply-shape.js";
import { ScopeListeners } from "../../scope-listeners.js";
import type { FleetEntry, FleetListener } from "../../store.js";
import { FleetStoreError } from "../../store-error.js";
import { within } from "../../within.js";
import type { RedisNames } from "../names.js";
import { CONNECT_TIMEOUT_MS, type RedisSubscriber } from "./connection.js";
import type { RedisLink } from "./link.js";
import { Redialing } from "./redialing.js";

/**
 * The subscriptions of one store. It misses messages that are published while there is no
 * connection.
 */
export class RedisSubscriptions {
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  readonly #listeners = new ScopeListeners();
  /** The scope of each subscribed channel in Redis. */
  readonly #scopes = new Map<string, string>();
  readonly #redialing = new Redialing(() => this.#dial());
  #current: RedisSubscriber | undefined;
  #dialing: Promise<void> | undefined;
  #closed = false;

  constructor(link: RedisLink, names: RedisNames) {
    this.#link = link;
    this.#names = names;
  }

  subscribe(scope: string, listener: FleetListener): () => void {
    const channel = this.#names.channel(scope);
    const takeOff = this.#listeners.add(scope, listener);
    if (!this.#closed && !this.#scopes.has(channel)) {
      this.#scopes.set(channel, scope);
      if (this.#current === undefined) this.#dial().catch(() => undefined);
      else this.#tell(this.#current.subscribe(channel));
    }
    return () => {
      takeOff();
      if (!this.#listeners.has(scope)) this.#leave(channel);
    };
  }

  /**
   * Opens a new subscription connection after the store has reconnected. After a failover, the old
   * server may no longer be the master.
   */
  follow(): void {
    if (this.#scopes.size > 0) this.#dial().catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#redialing.stop();
    this.#listeners.clear();
    this.#scopes.clear();
    this.#hangUp();
  }

  #leave(channel: string): void {
    if (!this.#scopes.delete(channel)) return;
    if (this.#scopes.size === 0) this.#hangUp();
    else if (this.#current !== undefined) this.#tell(this.#current.unsubscribe(channel));
  }

  #hangUp(): void {
    this.#current?.close();
    this.#current = undefined;
  }

  /** If a subscription fails, schedules another connection. */
  #tell(done: Promise<void>): void {
    done.catch(() => this.#redialing.soon());
  }

  #dial(): Promise<void> {
    this.#dialing ??= this.#connect().finally(() => {
      this.#dialing = undefined;
    });
    return this.#dialing;
  }

  async #connect(): Promise<void> {
    let subscriber: RedisSubscriber | undefined;
    let lost = false;
    try {
      const connection = await this.#link.connection();
      subscriber = await connection.subscriber(
        (channel, text) => this.#hear(channel, text),
        () => {
          lost = true;
          this.#lost(subscriber);
        },
      );
      await within(this.#subscribeAll(subscriber), CONNECT_TIMEOUT_MS, false);
      if (lost) throw new FleetStoreError("the subscription in Redis was lost at once");
    } catch (error) {
      subscriber?.close();
      if (this.#scopes.size > 0) this.#redialing.failed();
      throw error;
    }
    this.#hangUp();
    // The last listener may have been removed while the connection was opening.
    if (this.#scopes.size === 0) subscriber.close();
    else this.#current = subscriber;
    this.#redialing.succeeded();
  }

  async #subscribeAll(subscriber: RedisSubscriber): Promise<void> {
    await subscriber.open();
    // The iterator of a Map also returns channels that are added during the loop.
    for (const channel of this.#scopes.keys()) await subscriber.subscribe(channel);
  }

  #lost(subscriber: RedisSubscriber | undefined): void {
    if (subscriber === undefined || subscriber !== this.#current) return;
    this.#hangUp();
    this.#redialing.soon();
  }

  #hear(channel: string, text: string): void {
    const scope = this.#scopes.get(channel);
    const entry = readEntry(text);
    if (scope !== undefined && entry !== undefined) this.#listeners.tell(scope, entry);
  }
}

/**
 * Reads a message. Checks its shape, because any client of this Redis server can publish a message.
 */
function readEntry(text: string): FleetEntry | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}
