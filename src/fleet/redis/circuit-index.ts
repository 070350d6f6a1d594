/**
 * Which circuits a scope has, on servers with so many other keys that nobody can look through them for
 * each list: a sorted set of names, made by the first list that takes too long. From then on every
 * process adds the circuits that it uses. The circuits hold without it.
 */

import { RETENTION_MS } from "../rules/state.js";
import type { FleetKey } from "../store.js";
import type { RedisConnection } from "./connection/connection.js";
import type { RedisLink } from "./connection/link.js";
import { clusterNodeError, commandError, isNotAllowed, messageOf } from "./failure.js";
import type { RedisNames } from "./names.js";

/** More names than this are neither kept nor listed. */
const MAX_LISTED = 10_000;
/** A circuit that is used for longer is added again: the index may be younger than its first use. */
const ADD_AGAIN_MS = 3_600_000;
/** An isolation lasts 30 days at the most, and a circuit is kept for a while after that. */
const KEEP_MS = 30 * 24 * 3_600_000 + 2 * RETENTION_MS;
/** A first look at all keys, and how long it may take where there is no index yet. */
const FIRST_LOOK = { forMs: 150, count: "1000" } as const;
/** The look that an index begins with. The server does nothing else for some 3 ms at a time. */
const LONG_LOOK = { forMs: 600, count: "10000" } as const;
/** When to look again for circuits of versions before, which add no names. */
const LOOK_AGAIN_MS = { done: 24 * 3_600_000, cut: 3_600_000 } as const;
/** The name of no circuit, so that an index is there before it holds any. */
const NONE = "";

interface Look {
  readonly forMs: number;
  readonly count: string;
}

/** The index of one store. */
export class CircuitIndex {
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  /** When this process has added a circuit, or found no index, by its key. */
  readonly #addedMs = new Map<string, number>();
  readonly #adding = new Set<Promise<void>>();
  /** False once the user of the connection turned out to have no right for it. */
  #isAllowed = true;

  constructor(link: RedisLink, names: RedisNames) {
    this.#link = link;
    this.#names = names;
  }

  /** Adds a circuit where there is an index, unless this process has done so lately. */
  note({ scope, name }: FleetKey, redisKey: string): void {
    const nowMs = performance.now();
    if (nowMs - (this.#addedMs.get(redisKey) ?? Number.NEGATIVE_INFINITY) < ADD_AGAIN_MS) return;
    if (this.#addedMs.size >= MAX_LISTED) this.#addedMs.clear();
    this.#addedMs.set(redisKey, nowMs);
    if (!this.#isAllowed) return;
    const added = this.#exists(this.#names.index(scope))
      .then((exists) => (exists ? this.#add(scope, [name]) : undefined))
      // The next process that uses the circuit adds it.
      .catch(() => undefined)
      .then(() => void this.#adding.delete(added));
    this.#adding.add(added);
  }

  /** Resolves when all that was noted is added or given up. Never rejects. */
  async idle(): Promise<void> {
    await Promise.all(this.#adding);
  }

  /** The names of the circuits of a scope. */
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

  /** Takes names out whose circuits are not known any more. Never rejects. */
  async forget(scope: string, names: readonly string[]): Promise<void> {
    if (names.length === 0 || !this.#isAllowed) return;
    const index = this.#names.index(scope);
    await this.#send(index, ["ZREM", index, ...names]).catch(() => undefined);
  }

  /** Looks through all keys, and begins an index where that takes long. */
  async #lookFor(
    scope: string,
    listed: readonly string[] | undefined,
  ): Promise<ReadonlySet<string>> {
    const names = new Set(listed);
    if (listed === undefined && (await this.#look(scope, names, FIRST_LOOK))) return names;
    // Who uses a circuit from now on adds it, and what was there before is found by the look.
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

  /** Adds names; false when that is not allowed. */
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

  /** What the index holds; undefined when there is none, or none that may be used. */
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

  /** Looks through the keys of all masters; false when the time was over before. */
  async #look(scope: string, names: Set<string>, { forMs, count }: Look): Promise<boolean> {
    const endMs = performance.now() + forMs;
    const pattern = this.#names.pattern(scope);
    for (const send of await this.#link.ask((connection) => connection.masters())) {
      let cursor = "0";
      do {
        if (performance.now() > endMs) return false;
        const command = ["SCAN", cursor, "MATCH", pattern, "COUNT", count];
        const answer = await this.#link.ask(() => send(command));
        const [next, keys] = Array.isArray(answer) ? answer : [];
        for (const key of Array.isArray(keys) ? keys : []) {
          if (names.size < MAX_LISTED) names.add(this.#names.nameIn(String(key), scope));
        }
        cursor = String(next ?? 0);
      } while (cursor !== "0" && names.size < MAX_LISTED);
    }
    return true;
  }

  /** One node of a cluster would list its own circuits alone, unless it holds all slots. */
  async #checkIsWhole({ address }: RedisConnection): Promise<void> {
    const ask = async (...command: string[]) => {
      try {
        return await this.#send("", command);
      } catch (error) {
        if (isNotAllowed(error)) return undefined;
        throw error;
      }
    };
    // Every user may say hello, whatever its rights; what is no Redis may not know it.
    if (!/"mode",?:?"cluster"/.test(JSON.stringify((await ask("HELLO")) ?? null))) return;
    const slots = await ask("CLUSTER", "SLOTS");
    const owners = Array.isArray(slots)
      ? new Set(slots.map((range) => String(range[2])))
      : undefined;
    if (owners?.size !== 1) throw clusterNodeError(`it is the one at ${address}`);
  }

  #send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#link.send(key, command);
  }
}

function isWrongType(error: unknown): boolean {
  return messageOf(error).startsWith("WRONGTYPE ");
}
