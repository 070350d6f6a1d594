/** Keeps shared circuits in Redis 7 or Valkey, for all processes that can reach the server. */

import { type Field, functionField, readOptions } from "../../options/check.js";
import { isChange } from "../reply-shape.js";
import type { FleetCommand } from "../rules/command.js";
import type { FleetChange, FleetReply } from "../rules/reply.js";
import {
  entryOf,
  type FleetEntry,
  type FleetKey,
  type FleetListener,
  type FleetStore,
  type OnUnreadable,
} from "../store.js";
import { UnreadableCircuitError } from "../store-error.js";
import { within } from "../within.js";
import { CircuitIndex } from "./circuit-index.js";
import { connectionsOf, type RedisClient } from "./clients/client.js";
import type { MakeConnection } from "./connection/connection.js";
import { RedisLink } from "./connection/link.js";
import { RedisSubscriptions } from "./connection/subscriptions.js";
import { commandError, garbledError, messageOf } from "./failure.js";
import { prefixField, RedisNames } from "./names.js";
import { SCRIPT, SCRIPT_SHA } from "./script/lua/script.js";
import { HISTORY_FIELDS } from "./script/lua/state.js";
import { scriptCommand } from "./script/script-arguments.js";
import { ScriptBatches, type ScriptTarget } from "./script/script-batches.js";

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * A client or cluster of `@redis/client` (or `redis`) 6 or `ioredis` 6. The store opens its own
   * connections with the options of this client. The store never changes or closes the client
   * itself.
   */
  readonly client: RedisClient;
  /**
   * The prefix of all keys and channels: 1 to 100 of the characters `A-Z a-z 0-9 . _ : / @ -`.
   * Default: `"dcb"`.
   */
  readonly prefix?: string | undefined;
  /**
   * @internal Returns the time in whole microseconds since 1970. The store then sends this time
   * with each command, in place of the server's time.
   */
  readonly nowMicros?: (() => number) | undefined;
}

/**
 * Milliseconds that `close` waits for names to be added to the index. If the time is too short,
 * another process adds them.
 */
const ADD_LIMIT_MS = 100;
/** Number of circuits that a list reads at the same time. */
const READ_AT_ONCE = 100;

const FIELDS = {
  client: { absent: undefined, read: connectionsOf } as Field<MakeConnection | undefined>,
  prefix: prefixField,
  nowMicros: functionField<() => number>(),
};

/**
 * Creates a store in Redis 7.0 or later, or in Valkey. The store connects when you call `open()` or
 * send the first command.
 *
 * The Redis user needs the rights below. Add `+select` if the URL names a database, and
 * `+cluster|slots` for a cluster:
 *
 *     ACL SETUSER breaker on >PASSWORD resetkeys ~dcb:1:* resetchannels &dcb:1:* -@all
 *       +eval +evalsha +time +hmget +exists +hset +pexpire +publish +subscribe +unsubscribe +scan
 *       +zadd +zrange +zrem +zremrangebyrank
 *
 * @throws TypeError or RangeError for an invalid option. The message contains the option, its value
 * and the expected value.
 */
export function redisStore(options: RedisStoreOptions): FleetStore {
  const { client, prefix, nowMicros } = readOptions("redisStore", options, FIELDS);
  const make = client ?? connectionsOf(undefined, 'redisStore option "client"');
  return new RedisStore(make, new RedisNames(prefix), nowMicros);
}

class RedisStore implements FleetStore {
  readonly kind = "redis";
  readonly minimumReporters = 2;
  readonly pushes = true;
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  readonly #nowMicros: (() => number) | undefined;
  readonly #subscriptions: RedisSubscriptions;
  readonly #index: CircuitIndex;
  readonly #targets = new WeakMap<FleetKey, ScriptTarget>();
  readonly #batches = new ScriptBatches((target, rest) => this.#evaluate(target, rest));

  constructor(make: MakeConnection, names: RedisNames, nowMicros: (() => number) | undefined) {
    this.#link = new RedisLink(make, () => this.#subscriptions.follow());
    this.#names = names;
    this.#nowMicros = nowMicros;
    this.#subscriptions = new RedisSubscriptions(this.#link, names);
    this.#index = new CircuitIndex(this.#link, names);
  }

  async open(): Promise<void> {
    await this.#link.open();
  }

  /** Runs a command. Commands of one tick on one circuit share one script call. */
  async run(key: FleetKey, command: FleetCommand): Promise<FleetReply> {
    const target = this.#targetOf(key);
    const count = command.kind === "admit" ? command.count : 0;
    const reply = await this.#batches.run(target, scriptCommand(command), count);
    if (reply.snapshot.generation > 0) this.#index.note(key, target.key);
    return reply;
  }

  #targetOf(key: FleetKey): ScriptTarget {
    if (this.#nowMicros !== undefined) return this.#makeTarget(key, String(this.#nowMicros()));
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const target = this.#makeTarget(key, "");
    // Runs the script by its hash. If the server does not know the hash, sends the whole script.
    // This is safe, because the server has not run the commands yet.
    if (Object.isFrozen(key)) this.#targets.set(key, target);
    return target;
  }

  #makeTarget(key: FleetKey, nowMicros: string): ScriptTarget {
    const head = [nowMicros, this.#names.channel(key.scope), JSON.stringify(key.name)];
    const redisKey = this.#names.key(key);
    return { id: `${redisKey}\n${nowMicros}`, key: redisKey, head };
  }

  async list(
    scope: string,
    onUnreadable?: OnUnreadable,
    withReports = false,
  ): Promise<readonly FleetEntry[]> {
    const command = { kind: "read", report: withReports } as const;
    const names = await this.#index.namesIn(scope);
    const entries: FleetEntry[] = [];
    const gone: string[] = [];
    for (let from = 0; from < names.length; from += READ_AT_ONCE) {
      const read = names.slice(from, from + READ_AT_ONCE).map(async (name) => {
        try {
          this.#names.checkFound(name, scope);
          const reply = await this.run({ scope, name }, command);
          // Generation 0 means that the circuit has expired since the names were read.
          if (reply.snapshot.generation > 0) entries.push(entryOf(name, reply));
          else gone.push(name);
        } catch (error) {
          if (!(error instanceof UnreadableCircuitError)) throw error;
          onUnreadable?.(name, error);
        }
      });
      await Promise.all(read);
    }
    await this.#index.forget(scope, gone);
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  scopes(): Promise<readonly string[]> {
    return this.#index.scopes();
  }

  async history(key: FleetKey): Promise<readonly FleetChange[]> {
    const redisKey = this.#names.key(key);
    const texts = await this.#send(redisKey, ["HMGET", redisKey, ...HISTORY_FIELDS]);
    const changes = Array.isArray(texts) ? texts.filter((text) => text !== null).map(parse) : [];
    if (!changes.every(isChange)) throw garbledError(redisKey, "its history");
    return changes.sort((one, other) => one.generation - other.generation);
  }

  subscribe(scope: string, listener: FleetListener): () => void {
    return this.#subscriptions.subscribe(scope, listener);
  }

  async close(): Promise<void> {
    await within(this.#index.idle(), ADD_LIMIT_MS, false).catch(() => undefined);
    this.#subscriptions.close();
    this.#link.close();
  }

  /**
   * Runs the script by its hash. A server that does not know the hash runs nothing, so it is safe
   * to send the whole script then.
   */
  async #evaluate({ key }: ScriptTarget, rest: readonly string[]): Promise<unknown[]> {
    let answer: unknown;
    try {
      answer = await this.#link.send(key, ["EVALSHA", SCRIPT_SHA, ...rest]);
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT ")) throw commandError(error, key);
      answer = await this.#send(key, ["EVAL", SCRIPT, ...rest]);
    }
    if (Array.isArray(answer)) return answer;
    throw garbledError(key, "a field");
  }

  async #send(key: string, command: readonly string[]): Promise<unknown> {
    try {
      return await this.#link.send(key, command);
    } catch (error) {
      throw commandError(error, key);
    }
  }
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
