/**
 * Keeps an index of the circuits in a scope: a sorted set of their names. The index is for servers
 * that have many other keys, where a scan of all keys for each `list` would be too slow. The first
 * slow `list` creates the index, and then every process adds the circuits that it uses. Without an
 * index, only `list` is slower.
 */

import { RETENTION_MS } from "../rules/retention.js";
import type { FleetKey } from "../store.js";
import type { RedisConnection } from "./connection/connection.js";
import type { RedisLink } from "./connection/link.js";
import { clusterNodeError, commandError, isNotAllowed, messageOf } from "./failure.js";
import type { RedisNames } from "./names.js";

/** The maximum number of names that an index keeps and that a list returns. */
const MAX_LISTED = 10_000;
/**
 * Milliseconds after which a process adds a circuit again. The index may not have existed the first
 * time.
 */
const ADD_AGAIN_MS = 3_600_000;
/**
 * Milliseconds for which an unused index is kept. No circuit is kept longer, not even a circuit
 * that is isolated for 30 days.
 */
const KEEP_MS = 30 * 24 * 3_600_000 + 2 * RETENTION_MS;
/**
 * The limits of the scan for a `list` without an index: total time in milliseconds, and number of
 * keys in each step.
 */
const FIRST_LOOK = { forMs: 150, count: "1000" } as const;
/** The limits of the scan that fills a new index. Each step blocks the server for about 3 ms. */
const LONG_LOOK = { forMs: 600, count: "10000" } as const;
/**
 * Milliseconds between two scans that look for circuits of older versions, which do not add
 * themselves to the index. `done` applies after a complete scan, and `cut` after a scan that the
 * time limit ended.
 */
const LOOK_AGAIN_MS = { done: 24 * 3_600_000, cut: 3_600_000 } as const;
/**
 * An entry that is not a circuit. Without this entry, Redis would delete an index that contains no
 * circuits.
 */
const NONE = "";

interface Look {
  readonly forMs: number;
  readonly count: string;
}

/** Reads, fills and cleans the indexes of one store. Each scope has its own index. */
export class CircuitIndex {
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  /**
   * For each key of a circuit, the time when this process last tried to add the circuit to the
   * index.
   */
  readonly #addedMs = new Map<string, number>();
  readonly #adding = new Set<Promise<void>>();
  /**
   * Whether the index can be used. Becomes false when the user lacks a right that the index needs,
   * or when the key of the index holds another type.
   */
  #isAllowed = true;

  constructor(link: RedisLink, names: RedisNames) {
    this.#link = link;
    this.#names = names;
  }

  /**
   * Adds a circuit to the index of its scope, if the index exists. Does nothing if this process has
   * recently tried to add the circuit.
   */
  note({ scope, name }: FleetKey, redisKey: string): void {
    const nowMs = performance.now();
    if (nowMs - (this.#addedMs.get(redisKey) ?? Number.NEGATIVE_INFINITY) < ADD_AGAIN_MS) return;
    if (this.#addedMs.size >= MAX_LISTED) this.#addedMs.clear();
    this.#addedMs.set(redisKey, nowMs);
    if (!this.#isAllowed) return;
    const added = this.#exists(this.#names.index(scope))
      .then((exists) => (exists ? this.#add(scope, [name]) : undefined))
      // Ignored: the next process that uses the circuit adds it.
      .catch(() => undefined)
      .then(() => void this.#adding.delete(added));
    this.#adding.add(added);
  }

  /** Resolves when all additions have succeeded or failed. Never rejects. */
  async idle(): Promise<void> {
    await Promise.all(this.#adding);
  }

  /** Returns the names of the circuits in a scope, sorted. */
  async namesIn(scope: string): Promise<readonly string[]> {
    const index = this.#names.index(scope);
    try {
      await this.idle();
      const listed = await this.#listed(index);
      if (listed === undefined || !(await this.#exists(this.#names.searched(scope)))) {
        const connection = await this.#link.connection();
        if (!connection.isCluster) await this.#checkIsWhole(connection);
        return [...(await this.#lookFor(scope, listed))].sort();
      }
      return listed;
    } catch (error) {
      throw commandError(error, index);
    }
  }

  /** Removes the names of circuits that no longer exist. Never rejects. */
  async forget(scope: string, names: readonly string[]): Promise<void> {
    if (names.length === 0 || !this.#isAllowed) return;
    const index = this.#names.index(scope);
    await this.#send(index, ["ZREM", index, ...names]).catch(() => undefined);
  }

  /** Finds circuits by scanning all keys. Creates an index if the scan takes long. */
  async #lookFor(
    scope: string,
    listed: readonly string[] | undefined,
  ): Promise<ReadonlySet<string>> {
    const names = new Set(listed);
    if (listed === undefined && (await this.#look(scope, names, FIRST_LOOK))) return names;
    // Creates the index before the scan. Circuits in use add themselves from now on, and the scan
    // finds the others.
    if (!(await this.#add(scope, [NONE]))) {
      await this.#look(scope, names, { ...LONG_LOOK, forMs: Number.POSITIVE_INFINITY });
      return names;
    }
    const isDone = await this.#look(scope, names, LONG_LOOK);
    await this.#add(scope, [...names]);
    const key = this.#names.searched(scope);
    const againMs = isDone ? LOOK_AGAIN_MS.done : LOOK_AGAIN_MS.cut;
    await Promise.all([
      this.#send(key, ["HSET", key, "done", isDone ? "1" : "0"]),
      this.#send(key, ["PEXPIRE", key, String(againMs)]),
    ]);
    return names;
  }

  /** Adds names to the index. Returns false if the index cannot be used. */
  async #add(scope: string, names: readonly string[]): Promise<boolean> {
    if (names.length === 0 || !this.#isAllowed) return this.#isAllowed;
    const index = this.#names.index(scope);
    const nowMs = String(Date.now());
    const scored = names.flatMap((name) => [name === NONE ? "0" : nowMs, name]);
    try {
      await Promise.all([
        this.#send(index, ["ZADD", index, ...scored]),
        this.#send(index, ["ZREMRANGEBYRANK", index, "0", String(-MAX_LISTED - 2)]),
        this.#send(index, ["PEXPIRE", index, String(KEEP_MS)]),
      ]);
    } catch (error) {
      if (!isNotAllowed(error) && !isWrongType(error)) throw error;
      this.#isAllowed = false;
    }
    return this.#isAllowed;
  }

  /**
   * Returns the names in the index. Returns undefined if there is no index, or if it cannot be
   * read.
   */
  async #listed(index: string): Promise<readonly string[] | undefined> {
    try {
      const answer = await this.#send(index, ["ZRANGE", index, "0", "-1"]);
      if (!Array.isArray(answer) || answer.length === 0) return undefined;
      return answer
        .map(String)
        .filter((name) => name !== NONE)
        .sort();
    } catch (error) {
      if (isNotAllowed(error) || isWrongType(error)) return undefined;
      throw error;
    }
  }

  async #exists(key: string): Promise<boolean> {
    return Number(await this.#send(key, ["EXISTS", key])) === 1;
  }

  /** Returns the scopes that have circuits, sorted. */
  async scopes(): Promise<readonly string[]> {
    const scopes = new Set<string>();
    const look = { ...LONG_LOOK, forMs: Number.POSITIVE_INFINITY };
    await this.#scan(this.#names.everyPattern, look, (key) => {
      const scope = this.#names.scopeIn(key);
      if (scope !== undefined) scopes.add(scope);
      return scopes.size < MAX_LISTED;
    });
    return [...scopes].sort();
  }

  /**
   * Scans for the circuits of a scope, and adds their names to `names`. Returns false if the time
   * limit ended the scan.
   */
  #look(scope: string, names: Set<string>, look: Look): Promise<boolean> {
    return this.#scan(this.#names.pattern(scope), look, (key) => {
      if (names.size < MAX_LISTED) names.add(this.#names.nameIn(key, scope));
      return names.size < MAX_LISTED;
    });
  }

  /**
   * Scans the keys of all masters, and stops when `found` returns false. Returns false if the time
   * limit ended the scan.
   */
  async #scan(
    pattern: string,
    { forMs, count }: Look,
    found: (key: string) => boolean,
  ): Promise<boolean> {
    const endMs = performance.now() + forMs;
    let wantsMore = true;
    for (const send of await this.#link.ask((connection) => connection.masters())) {
      let cursor = "0";
      do {
        if (performance.now() > endMs) return false;
        const command = ["SCAN", cursor, "MATCH", pattern, "COUNT", count];
        const answer = await this.#link.ask(() => send(command));
        const [next, keys] = Array.isArray(answer) ? answer : [];
        for (const key of Array.isArray(keys) ? keys : []) wantsMore = found(String(key));
        cursor = String(next ?? 0);
      } while (cursor !== "0" && wantsMore);
    }
    return true;
  }

  /**
   * Throws if the client is connected to a single node of a cluster, because such a node lists only
   * its own circuits. Accepts a node that holds all slots.
   */
  async #checkIsWhole({ address }: RedisConnection): Promise<void> {
    const ask = async (...command: string[]) => {
      try {
        return await this.#send("", command);
      } catch (error) {
        if (isNotAllowed(error)) return undefined;
        throw error;
      }
    };
    // Uses HELLO, because Redis allows it to every user. A server that is only compatible with
    // Redis may not know HELLO.
    if (!/"mode",?:?"cluster"/.test(JSON.stringify((await ask("HELLO")) ?? null))) return;
    const slots = await ask("CLUSTER", "SLOTS");
    const owners = Array.isArray(slots)
      ? new Set(slots.map((range) => String(range[2])))
      : undefined;
    if (owners?.size !== 1) throw clusterNodeError(`its address: ${address}`);
  }

  #send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#link.send(key, command);
  }
}

function isWrongType(error: unknown): boolean {
  return messageOf(error).startsWith("WRONGTYPE ");
}
