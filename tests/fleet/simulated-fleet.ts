/** Simulates processes that share a circuit. The network loses messages, and the store's clock is set. */

import { expect } from "vitest";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { FleetCommand } from "../../src/fleet/rules/command.js";
import type { SharedPolicy } from "../../src/fleet/rules/policy.js";
import type { FleetReply } from "../../src/fleet/rules/reply.js";
import type { FleetKey, FleetStore } from "../../src/fleet/store.js";
import { timeless } from "../../src/testing/fleet/circuit.js";
import { ReferenceCircuit } from "./reference-model.js";
import { START_MS } from "./virtual-circuit.js";

const KEY: FleetKey = { scope: "egress", name: "registry" };

/** The fate of a command and its reply on the network. */
export type Network = "works" | "loses the command" | "loses the answer";

/** One event of a simulation. */
export type Step = { readonly tick: number } & (
  | {
      readonly kind: "call";
      readonly node: number;
      readonly count: number;
      readonly chance: number;
    }
  | {
      readonly kind: "settle";
      readonly node: number;
      readonly outcomes: readonly ("success" | "failure" | "limit" | "none")[];
      readonly retryAfterMs: number;
      readonly chance: number;
    }
  | { readonly kind: "unasked"; readonly node: number; readonly fails: boolean }
  | { readonly kind: "crash"; readonly node: number }
  | { readonly kind: "network"; readonly node: number; readonly network: Network }
  | { readonly kind: "clock"; readonly step: number }
  | { readonly kind: "restart" }
  | { readonly kind: "isolate"; readonly expiresInMs: number }
  | { readonly kind: "release" | "reset" }
);

interface Permit {
  readonly generation: number;
  readonly lease: string | null;
}

interface Place {
  readonly endMicros: number;
  readonly lease: string;
}

/** Runs steps, and compares every reply with the reference model. Checks the invariants after each step. */
export class SimulatedFleet {
  readonly #policy: SharedPolicy;
  readonly #reference: ReferenceCircuit;
  readonly #permits: Permit[][];
  readonly #networks: Network[];
  #store: FleetStore;
  #nowMicros = START_MS * 1000;
  #leases = 0;
  /** Number of outcomes that have reached the store since it was last empty. */
  #reached = 0;
  #generation = 0;
  /**
   * Granted leases, and the time until which no call may be admitted. Both are forgotten when the clock is
   * set.
   */
  #places: readonly Place[] = [];
  #openUntilMicros = 0;

  constructor(policy: SharedPolicy, nodes: number) {
    this.#policy = policy;
    this.#reference = new ReferenceCircuit(policy);
    this.#permits = Array.from({ length: nodes }, () => []);
    this.#networks = Array.from({ length: nodes }, () => "works");
    this.#store = this.#emptyStore();
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#nowMicros += step.tick;
      await this.#take(step);
      expect(await this.#store.history(KEY)).toEqual(this.#reference.history.slice(-100));
    }
  }

  async #take(step: Step): Promise<void> {
    if (step.kind === "call") return this.#call(step);
    if (step.kind === "settle") return this.#settle(step);
    if (step.kind === "unasked") {
      const told = step.fails ? { successes: 0, failures: 1 } : { successes: 1, failures: 0 };
      return void (await this.#send(step.node, { ...this.#told(step.node), ...told }));
    }
    if (step.kind === "crash") this.#permits[step.node] = [];
    else if (step.kind === "network") this.#networks[step.node] = step.network;
    else if (step.kind === "clock") this.#setClock(step.step);
    else if (step.kind === "restart") this.#restart();
    else {
      const parts = { owner: "Ann", reason: "by hand", expiresInMs: 0, ...step };
      await this.#apply(parts);
    }
  }

  /** Asks for permits. When the network loses the reply, the process does not get them. */
  async #call({ node, count, chance }: Step & { kind: "call" }): Promise<void> {
    this.#leases += 1;
    const lease = `lease-${this.#leases}`;
    const command = { kind: "admit", policy: this.#policy, count, lease, chance } as const;
    const reply = await this.#send(node, command);
    for (let index = 0; index < (reply?.admitted ?? 0); index += 1) {
      const { generation = 0, state } = reply?.snapshot ?? {};
      const place = state === "half-open" ? `${lease}.${index}` : null;
      this.#permits[node]?.push({ generation, lease: place });
    }
  }

  /**
   * Settles the oldest permits of a process, all of one generation. The command is sent only once, even
   * when the network loses it.
   */
  async #settle(step: Step & { kind: "settle" }): Promise<void> {
    const { node, outcomes, retryAfterMs, chance } = step;
    const permits = this.#permits[node] ?? [];
    const generation = permits[0]?.generation ?? null;
    const ended = permits
      .filter((permit) => permit.generation === generation)
      .slice(0, outcomes.length);
    this.#permits[node] = permits.filter((permit) => !ended.includes(permit));
    const became = outcomes.slice(0, ended.length);
    if (ended.length === 0) return;
    await this.#send(node, {
      ...this.#told(node),
      generation,
      successes: became.filter((outcome) => outcome === "success").length,
      failures: became.filter((outcome) => outcome === "failure" || outcome === "limit").length,
      leases: ended.flatMap(({ lease }) => lease ?? []),
      openNow: became.includes("limit"),
      retryAfterMs,
      chance,
    });
  }

  #told(node: number) {
    const reporter = { id: `node-${node}`, host: `host-${node}`, run: null };
    const failure = { fault: "registry", rule: `rule-${node}`, limited: false };
    const none = { leases: [], openNow: false, retryAfterMs: 0, chance: 0, generation: null };
    return { kind: "settle", policy: this.#policy, reporter, failure, ...none } as const;
  }

  async #send(node: number, command: FleetCommand): Promise<FleetReply | undefined> {
    const network = this.#networks[node];
    if (network === "loses the command") return undefined;
    const reply = await this.#apply(command);
    return network === "works" ? reply : undefined;
  }

  async #apply(command: FleetCommand): Promise<FleetReply> {
    const read = { kind: "read" } as const;
    const before = await this.#store.run(KEY, read);
    expect(before).toEqual(this.#reference.run(read, this.#nowMicros));
    const reply = await this.#store.run(KEY, command);
    expect(reply).toEqual(this.#reference.run(command, this.#nowMicros));
    expect(await this.#store.run(KEY, read)).toEqual({ ...before, snapshot: reply.snapshot });
    this.#checkGenerations(reply);
    this.#checkCounts(command, before, reply);
    this.#checkOpen(command, reply);
    this.#checkPlaces(command, reply);
    return reply;
  }

  #checkGenerations({ changes, snapshot }: FleetReply): void {
    for (const { generation } of changes) {
      expect(Number.isSafeInteger(generation)).toBe(true);
      expect(generation).toBeGreaterThan(this.#generation);
      this.#generation = generation;
    }
    if (this.#generation > 0) expect(snapshot.generation).toBe(this.#generation);
    this.#generation = snapshot.generation;
  }

  #checkCounts(command: FleetCommand, before: FleetReply, reply: FleetReply): void {
    if (command.kind !== "settle") return;
    const settled = command.successes + command.failures;
    this.#reached += settled;
    expect(reply.counted + reply.late).toBe(settled);
    const { successes, failures, late } = reply.snapshot.counts;
    expect(successes + failures + late).toBe(this.#reached);
    if (reply.late === 0 || before.snapshot.generation !== reply.snapshot.generation) return;
    const counts = { ...before.snapshot.counts, late: before.snapshot.counts.late + settled };
    const { probes, ...rest } = timeless({ ...before.snapshot, counts });
    expect(timeless(reply.snapshot)).toMatchObject(rest);
    expect(reply.snapshot.probes).toBeLessThanOrEqual(probes ?? 0);
  }

  #checkOpen({ kind }: FleetCommand, { admitted, changes, snapshot }: FleetReply): void {
    if (this.#openUntilMicros > this.#nowMicros) expect(admitted).toBe(0);
    if (snapshot.isolation !== null) expect(admitted).toBe(0);
    const last = changes.at(-1);
    if (last?.to === "open" && last.owner === null) {
      const beganMs = Math.floor(this.#nowMicros / 1000);
      this.#openUntilMicros = (beganMs + (last.forMs ?? 0)) * 1000;
    } else if (kind !== "admit" && changes.length > 0) this.#openUntilMicros = 0;
  }

  #checkPlaces(command: FleetCommand, { admitted, changes, snapshot }: FleetReply): void {
    if (changes.length > 0) this.#places = [];
    if (command.kind === "settle") {
      this.#places = this.#places.filter(({ lease }) => !command.leases.includes(lease));
    }
    if (command.kind === "admit" && snapshot.state === "half-open") {
      const forMs = Math.ceil(this.#policy.halfOpenProbeTimeoutMs);
      const endMicros = (Math.floor(this.#nowMicros / 1000) + forMs) * 1000;
      for (let index = 0; index < admitted; index += 1) {
        this.#places = [...this.#places, { endMicros, lease: `${command.lease}.${index}` }];
      }
    }
    const live = this.#places.filter(({ endMicros }) => endMicros > this.#nowMicros);
    expect(live.length).toBeLessThanOrEqual(this.#policy.halfOpenMaxCalls);
    expect(snapshot.probes).toBeLessThanOrEqual(this.#policy.halfOpenMaxCalls);
  }

  /** Sets the clock. Limits that were computed with the old clock no longer apply. */
  #setClock(micros: number): void {
    this.#nowMicros += micros;
    this.#places = [];
    this.#openUntilMicros = 0;
  }

  /** Empties the store. The processes keep the permits that they have. */
  #restart(): void {
    this.#store = this.#emptyStore();
    this.#reference.forget();
    this.#places = [];
    this.#openUntilMicros = 0;
    this.#generation = 0;
    this.#reached = 0;
  }

  #emptyStore(): FleetStore {
    return memoryStore({ nowMicros: () => this.#nowMicros });
  }
}
