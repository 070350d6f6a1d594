/**
 * Fifty processes probe a half-open circuit in Redis, and some are killed during a probe. The store must
 * never grant more leases than exist. A lease that is not returned must expire at its end.
 *
 * For each probe, the test knows two periods: when the probe certainly held its lease, and when it may have
 * held it. So a busy machine cannot make a correct store look wrong.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisStore } from "../../../src/fleet/redis/index.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { limit, POLICY } from "../commands.js";
import { RedisServer, until } from "../redis/redis-server.js";
import { fleetProcesses, type Member, type ProcessEvent } from "./fleet-processes.js";
import { mostAtOnce, type Probe, type Refusal, wronglyRefused } from "./probe-watch.js";
import { PATIENCE_MS, REDIS_CLIENTS, redisSceneAt } from "./scenes.js";

const PROCESSES = 50;
const ROUNDS = 200;
const KILLS = 10;
const LEASE_MS = 120;
const OPEN_MS = 20;
const BREAKER = {
  // Too few seconds pass to open the local circuits of the processes, so only the store rejects calls.
  trip: { badSeconds: 60, windowMs: 60_000 },
  resetTimeoutMs: OPEN_MS,
  halfOpenProbeTimeoutMs: LEASE_MS,
  // The circuit never closes: after a success, the same generation continues with the next probe.
  halfOpenSuccessThreshold: 1_000_000,
};

const processes = fleetProcesses();
const members = new Set<Member>();
let server: RedisServer;
let store: FleetStore;

beforeAll(async () => {
  server = await RedisServer.start();
  store = redisStore({ client: createClient({ url: server.url }) });
  await Promise.all(Array.from({ length: PROCESSES }, (_, index) => startMember(index)));
});
afterAll(async () => {
  await processes.end();
  await store?.close();
  await server?.close();
});

async function startMember(index: number): Promise<Member> {
  const kind = REDIS_CLIENTS[index % 2] ?? "ioredis";
  const plan = { fleet: { timeoutMs: PATIENCE_MS }, breaker: BREAKER };
  const [member] = await processes.start(["strict"], redisSceneAt(kind, server), plan);
  members.add(member);
  return member;
}

/** Picks at random how a probe ends. */
function decision(): "success" | "failure" | "kill" | "outlast" {
  const chance = Math.random();
  if (chance < 0.04) return "kill";
  if (chance < 0.1) return "outlast";
  return chance < 0.5 ? "success" : "failure";
}

/** Opens a circuit again and again, and records probes until there are enough of them. */
class Rounds {
  readonly probes: Probe[] = [];
  readonly refusals: Refusal[] = [];
  readonly places: number;
  readonly #starting: Promise<void>[] = [];
  readonly #endings: Promise<void>[] = [];
  /** The probe that each process holds at the moment. */
  readonly #held = new Map<Member, Probe>();
  #isOver = false;

  constructor(places: number) {
    this.places = places;
  }

  get name(): string {
    return `places ${this.places}`;
  }

  get killed(): readonly Probe[] {
    return this.probes.filter(({ wasKilled }) => wasKilled);
  }

  get count(): number {
    return new Set(this.probes.map(({ generation }) => generation)).size;
  }

  async run(): Promise<void> {
    const policy = { ...POLICY, resetTimeoutMs: OPEN_MS };
    await store.run({ scope: "default", name: this.name }, { ...limit(), policy });
    await Promise.all([...members].map((member) => this.join(member)));
    await until(() => this.count >= ROUNDS && this.killed.length >= KILLS, 230_000);
    this.#isOver = true;
    // Replacements of killed processes may still be starting.
    await Promise.all(this.#endings);
    await Promise.all(this.#starting);
    const stopped = [...members].map((member) => member.ask<Refusal[]>("stopProbing"));
    for (const refusals of await Promise.all(stopped)) this.refusals.push(...refusals);
    await Promise.all(this.#endings);
  }

  async join(member: Member): Promise<void> {
    member.process.onEvent = (event) => this.#hear(member, event);
    await member.share(this.name, { ...BREAKER, halfOpenMaxCalls: this.places });
    await member.ask("probe", { name: this.name });
  }

  #hear(member: Member, { event, detail }: ProcessEvent): void {
    if (event === "settled") {
      Object.assign(this.#held.get(member) ?? {}, detail);
      return;
    }
    const probe = detail as Probe;
    this.probes.push(probe);
    this.#held.set(member, probe);
    const ending = this.#end(member, probe);
    // `run` awaits this promise later and gets its error there. Until then, the error must not count as
    // unhandled.
    ending.catch(() => undefined);
    this.#endings.push(ending);
  }

  async #end(member: Member, probe: Probe): Promise<void> {
    const ending = this.#isOver ? "failure" : decision();
    await sleep(ending === "outlast" ? 1.5 * LEASE_MS : 15 * Math.random());
    if (ending === "kill") {
      probe.wasKilled = true;
      members.delete(member);
      this.#starting.push(this.#replace(member));
    } else {
      const outcome = ending === "failure" ? "failure" : "success";
      await member.ask("decide", { outcome });
    }
  }

  async #replace(member: Member): Promise<void> {
    await member.process.kill();
    await this.join(await startMember(this.probes.length));
  }
}

/** Returns the largest number of probes that the store reports before a promise settles. */
async function mostTold(name: string, during: Promise<void>): Promise<number> {
  let most = 0;
  let lasts = true;
  const ended = during.finally(() => {
    lasts = false;
  });
  while (lasts) {
    const { snapshot } = await store.run({ scope: "default", name }, { kind: "read" });
    most = Math.max(most, snapshot.probes);
    await sleep(5);
  }
  await ended;
  return most;
}

describe.each([1, 3])("%d leases, two hundred rounds", (places) => {
  const rounds = new Rounds(places);
  let told = 0;
  beforeAll(async () => {
    told = await mostTold(rounds.name, rounds.run());
  });

  test("never grants more than there are", () => {
    expect(rounds.count).toBeGreaterThanOrEqual(ROUNDS);
    expect(new Set(rounds.probes.map(({ state }) => state))).toEqual(new Set(["half-open"]));
    expect(mostAtOnce(rounds.probes, LEASE_MS)).toBe(places);
    expect(told).toBe(places);
  });

  test("rejects no call while one is free, such as that of a killed process after its end", () => {
    expect(rounds.refusals.filter(({ by }) => by !== "shared")).toEqual([]);
    expect(rounds.refusals.some(({ reason }) => reason === "probing")).toBe(true);
    expect(wronglyRefused(rounds.refusals, rounds.probes, places, LEASE_MS)).toEqual([]);
  });

  test("grants the lease of a killed process again, but not before its end", () => {
    const { killed, probes } = rounds;
    expect(killed.length).toBeGreaterThanOrEqual(KILLS);
    // With several leases, the next granted lease can be a different one.
    if (places > 1) return;
    const again = killed.flatMap((probe) => probes.find((other) => follows(other, probe)) ?? []);
    expect(again).not.toEqual([]);
    for (const probe of killed) {
      const early = probes.filter(
        (other) => follows(other, probe) && other.answeredMs < probe.askedMs + LEASE_MS - 1,
      );
      expect(early).toEqual([]);
    }
  });
});

function follows(other: Probe, { generation, answeredMs }: Probe): boolean {
  return other.generation === generation && other.answeredMs > answeredMs;
}
