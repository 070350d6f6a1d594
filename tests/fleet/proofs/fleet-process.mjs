// A process with several members of a fleet on one store. It executes messages of its parent and sends the
// results back. See fleet-processes.ts.

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { CircuitBreaker } from "../../../src/breaker/circuit-breaker.ts";
import { isCircuitBreakerOpenError } from "../../../src/breaker/errors.ts";
import { createFleet } from "../../../src/fleet/client/fleet.ts";
import { httpStore } from "../../../src/fleet/http/http-store.ts";
import { memoryStore } from "../../../src/fleet/memory/memory-store.ts";
import { redisStore } from "../../../src/fleet/redis/redis-store.ts";
import { sqliteStore } from "../../../src/fleet/sqlite/sqlite-store.ts";
import { Load } from "./load.mjs";
import { Prober } from "./prober.mjs";

const plan = JSON.parse(process.argv[2]);

const STORES = {
  memory: () => memoryStore(),
  sqlite: ({ kind, ...options }) => sqliteStore(options),
  http: ({ kind, ...options }) => httpStore(options),
  "node-redis": async ({ url }) => {
    const { createClient } = await import("@redis/client");
    return redisStore({ client: createClient({ url }) });
  },
  ioredis: async ({ url }) => {
    const { Redis } = await import("ioredis");
    return redisStore({ client: new Redis(url, { lazyConnect: true }) });
  },
};

const unhandled = [];
for (const event of ["unhandledRejection", "uncaughtException"]) {
  process.on(event, (error) => unhandled.push(`${event}: ${error?.stack ?? error}`));
}

/** How late a repeated timer fired, in total. This is how long the process waited for the processor. */
let starvedMs = 0;
const BEAT_MS = 20;
let beatMs = performance.now();
setInterval(() => {
  const nowMs = performance.now();
  starvedMs += Math.max(0, nowMs - beatMs - BEAT_MS);
  beatMs = nowMs;
}, BEAT_MS);

class Member {
  #fleet;
  #shared = new Map();
  #permits = [];
  #load;
  #prober;

  constructor(store, mode) {
    this.#fleet = createFleet({ store, mode, ...plan.fleet });
  }

  async open() {
    while (!(await this.#fleet.open())) await sleep(50);
  }

  /** Shares a circuit before its first use, with options that differ from the plan. */
  share({ name, breaker }) {
    this.#of(name, breaker);
  }

  /** Makes several calls at once, all with the same outcome. Returns their results. */
  async call({ name, times = 1, outcome }) {
    const failure = new Error("made by the test");
    const operation = () => {
      if (outcome === "failure") throw failure;
    };
    const ends = Array.from({ length: times }, () =>
      this.#of(name)
        .execute(operation)
        .then(
          () => "success",
          (error) => (error === failure ? "failure" : reasonOf(error)),
        ),
    );
    return Promise.all(ends);
  }

  /** Takes several permits at once and keeps those that are granted. Returns how many were granted. */
  async take({ name, times = 1 }) {
    const asked = Array.from({ length: times }, () => this.#of(name).tryAcquire());
    const permits = (await Promise.all(asked)).filter((one) => !isCircuitBreakerOpenError(one));
    this.#permits.push(...permits);
    return permits.length;
  }

  /** Settles several permits, oldest first. Each outcome is reported separately. */
  async settle({ times = 1, outcome, openNow }) {
    for (const permit of this.#permits.splice(0, times)) {
      if (outcome === "success") permit.success();
      else permit.failure(new Error("made by the test"), { openNow });
      await turn();
      await turn();
    }
    await this.#fleet.flush();
  }

  /** Returns the state of a circuit in this process and in the store. */
  async look({ name }) {
    const { local, shared, metrics } = this.#of(name).getMetrics();
    const circuits = await patiently(() => this.#fleet.status());
    const { storeUp } = this.#fleet.getMetrics();
    return {
      local: local.state,
      known: shared ?? null,
      stored: circuits.find((circuit) => circuit.name === name)?.snapshot ?? null,
      history: await patiently(() => this.#fleet.history(name)),
      counts: metrics,
      storeUp,
    };
  }

  /** Returns the state of a circuit in this process, without asking the store. */
  known({ name }) {
    const { shared } = this.#of(name).getMetrics();
    return { known: shared ?? null, storeUp: this.#fleet.getMetrics().storeUp, starvedMs };
  }

  /** Settles a permit, and kills this process as soon as the store has the outcome. */
  async settleAndDie(ending) {
    await this.settle(ending);
    process.kill(process.pid, "SIGKILL");
  }

  async reset({ name }) {
    await patiently(() => this.#fleet.reset(name));
  }

  load({ name, deadlineMs }) {
    this.#load = new Load(this.#of(name), deadlineMs, isCircuitBreakerOpenError);
  }

  async unload() {
    return { ...(await this.#load.stop()), unhandled };
  }

  probe({ name }) {
    const flush = () => this.#fleet.flush();
    this.#prober = new Prober(this.#of(name), flush, isCircuitBreakerOpenError);
  }

  decide({ outcome }) {
    this.#prober.decide(outcome);
  }

  async stopProbing() {
    return this.#prober.stop();
  }

  #of(name, breaker = plan.breaker) {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const shared = this.#fleet.share(new CircuitBreaker({ ...breaker, name }));
    this.#shared.set(name, shared);
    return shared;
  }
}

function reasonOf(error) {
  if (!isCircuitBreakerOpenError(error)) return `${error}`;
  return "scope" in error ? `shared ${error.reason}` : `local ${error.reason}`;
}

/** Repeats a question until the store answers, because a busy machine must not fail the test. */
async function patiently(question) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await question();
    } catch (error) {
      if (tries === 20) throw error;
      await sleep(50);
    }
  }
}

async function main() {
  const store = await STORES[plan.store.kind](plan.store);
  const members = plan.modes.map((mode) => new Member(store, mode));
  process.once("disconnect", () => process.exit(0));
  process.on("message", async ({ id, member, ask, parts }) => {
    try {
      process.send({ id, result: (await members[member][ask](parts)) ?? null });
    } catch (error) {
      process.send({ id, error: `${error?.stack ?? error}` });
    }
  });
  await Promise.all(members.map((member) => member.open()));
  process.send({ ready: true });
}

void main();
