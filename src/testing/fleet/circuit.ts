/** One shared circuit of a store under test, asked in short words. */

import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { AdmitCommand, FleetCommand, SettleCommand } from "../../fleet/rules/command.js";
import type { SharedPolicy } from "../../fleet/rules/policy.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "../../fleet/rules/reply.js";
import type { Reporter, SharedFailure } from "../../fleet/rules/state.js";
import type { FleetKey, FleetStore } from "../../fleet/store.js";

/** How long a condition may take to come true on a machine that is slow and shared. */
const PATIENCE_MS = 30_000;
const POLL_MS = 5;

/** What is open stays so for longer than any case takes, unless a case asks for less. */
export const POLICY: SharedPolicy = {
  badSeconds: 5,
  windowMs: 3_600_000,
  minimumReporters: 1,
  resetTimeoutMs: 600_000,
  maxOpenMs: 3_600_000,
  openTimeGrowthFactor: 1,
  openTimeJitter: 0,
  halfOpenMaxCalls: 1,
  halfOpenSuccessThreshold: 1,
  halfOpenProbeTimeoutMs: 600_000,
};

/** A process that reports, and two failures that one can meet. */
export const REPORTER: Reporter = { id: "reporter-1", host: "runner-1", run: null };
export const FAILURE: SharedFailure = { fault: "registry", rule: "http-503", limited: false };
export const RATE_LIMIT: SharedFailure = { fault: "registry", rule: "http-429", limited: true };

/** A circuit with the policy that its commands carry. */
export class Circuit {
  readonly key: FleetKey;
  readonly #store: FleetStore;
  readonly #policy: SharedPolicy;

  constructor(store: FleetStore, key: FleetKey, policy: Partial<SharedPolicy> = {}) {
    this.#store = store;
    this.key = key;
    this.#policy = { ...POLICY, ...policy };
  }

  /** The same circuit with other words in its policy, or as another store sees it. */
  with(policy: Partial<SharedPolicy>, store: FleetStore = this.#store): Circuit {
    return new Circuit(store, this.key, { ...this.#policy, ...policy });
  }

  run(command: FleetCommand): Promise<FleetReply> {
    return this.#store.run(this.key, command);
  }

  /** Asks for one call, unless told otherwise, with places that are named as nobody else's. */
  admit(parts: Partial<AdmitCommand> = {}): Promise<FleetReply> {
    const policy = this.#policy;
    return this.run({ kind: "admit", policy, count: 1, lease: randomUUID(), chance: 0, ...parts });
  }

  /** Tells what became of calls; without a word of it, of none. */
  settle(generation: number | null, parts: Partial<SettleCommand> = {}): Promise<FleetReply> {
    return this.run({
      kind: "settle",
      policy: this.#policy,
      generation,
      successes: 0,
      failures: 0,
      leases: [],
      reporter: REPORTER,
      failure: (parts.failures ?? 0) > 0 ? FAILURE : null,
      openNow: false,
      retryAfterMs: 0,
      chance: 0,
      ...parts,
    });
  }

  /** Opens a closed circuit, as a rate limit does. */
  limit(parts: Partial<SettleCommand> = {}): Promise<FleetReply> {
    return this.settle(null, { failures: 1, failure: RATE_LIMIT, openNow: true, ...parts });
  }

  /** Asks until the circuit probes, and gives the answer that let the first calls through. */
  async probe(parts: Partial<AdmitCommand> = {}): Promise<FleetReply> {
    const probing = (reply: FleetReply) => reply.snapshot.state === "half-open";
    return until(() => this.admit(parts), probing, "the open time is over");
  }

  isolate(parts: { reason?: string; owner?: string; expiresInMs?: number } = {}) {
    const isolation = { reason: "maintenance", owner: "Ann", expiresInMs: 600_000, ...parts };
    return this.run({ kind: "isolate", ...isolation });
  }

  release(reason: string | null = null): Promise<FleetReply> {
    return this.run({ kind: "release", owner: "Ben", reason });
  }

  reset(reason: string | null = null): Promise<FleetReply> {
    return this.run({ kind: "reset", owner: "Cem", reason });
  }

  async read(): Promise<FleetSnapshot> {
    return (await this.run({ kind: "read" })).snapshot;
  }

  /** Reads until the circuit stands as told. */
  readUntil(
    stands: (snapshot: FleetSnapshot) => boolean,
    expected: string,
  ): Promise<FleetSnapshot> {
    return until(() => this.read(), stands, expected);
  }

  history(): Promise<readonly FleetChange[]> {
    return this.#store.history(this.key);
  }
}

/** Asks again and again until the answer is right. Rejects with the last answer after a long time. */
export async function until<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  expected: string,
): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > endMs) {
      throw new Error(`waited until ${expected}, but the last was ${JSON.stringify(answer)}`);
    }
    await delay(POLL_MS);
  }
}

/** A snapshot without what passing time alone changes. */
export function timeless({ ageMs, retryAfterMs, ...rest }: FleetSnapshot): Partial<FleetSnapshot> {
  return rest;
}
