/** Wraps one circuit of the store under test, with a short function for each command. */

import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { AdmitCommand, FleetCommand, SettleCommand } from "../../fleet/rules/command.js";
import type { SharedPolicy } from "../../fleet/rules/policy.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "../../fleet/rules/reply.js";
import type { Reporter, SharedFailure } from "../../fleet/rules/state.js";
import type { FleetKey, FleetStore } from "../../fleet/store.js";

/** The longest wait for a condition, long enough for slow machines. */
const PATIENCE_MS = 30_000;
const POLL_MS = 5;

/** The default policy. Its reset timeout is longer than any case runs, unless a case changes it. */
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

/** The reporter in all commands. `FAILURE` and `RATE_LIMIT` are failures for it to report. */
export const REPORTER: Reporter = { id: "reporter-1", host: "runner-1", run: null };
export const FAILURE: SharedFailure = { fault: "registry", rule: "http-503", limited: false };
export const RATE_LIMIT: SharedFailure = { fault: "registry", rule: "http-429", limited: true };

/** A circuit of a store, with the policy that it sends in each command. */
export class Circuit {
  readonly key: FleetKey;
  readonly #store: FleetStore;
  readonly #policy: SharedPolicy;

  constructor(store: FleetStore, key: FleetKey, policy: Partial<SharedPolicy> = {}) {
    this.#store = store;
    this.key = key;
    this.#policy = { ...POLICY, ...policy };
  }

  /** Returns the same circuit with another policy, or through another store. */
  with(policy: Partial<SharedPolicy>, store: FleetStore = this.#store): Circuit {
    return new Circuit(store, this.key, { ...this.#policy, ...policy });
  }

  run(command: FleetCommand): Promise<FleetReply> {
    return this.#store.run(this.key, command);
  }

  /** Asks to admit a call. By default it asks for one call, with a unique lease id. */
  admit(parts: Partial<AdmitCommand> = {}): Promise<FleetReply> {
    const policy = this.#policy;
    return this.run({ kind: "admit", policy, count: 1, lease: randomUUID(), chance: 0, ...parts });
  }

  /** Reports the outcomes of calls. By default all counts are 0. */
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

  /** Opens a closed circuit by reporting a rate limit. */
  limit(parts: Partial<SettleCommand> = {}): Promise<FleetReply> {
    return this.settle(null, { failures: 1, failure: RATE_LIMIT, openNow: true, ...parts });
  }

  /** Asks for admission until the circuit is half-open. Returns the reply that admitted the first probes. */
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

  /** Reads the circuit until its snapshot meets the condition `stands`. */
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

/** Repeats a command until its answer meets a condition. After 30 s, rejects with the last answer. */
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

/** Returns a snapshot without the fields that change as time passes. */
export function timeless({ ageMs, retryAfterMs, ...rest }: FleetSnapshot): Partial<FleetSnapshot> {
  return rest;
}
