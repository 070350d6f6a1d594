/**
 * Models the rules of shared circuits in a slow and simple form. The model keeps all events, and derives
 * the state from them each time. It shares no code with the reducer.
 */

import type { CircuitState } from "../../src/breaker/circuit-state.js";
import type {
  AdmitCommand,
  ControlCommand,
  FleetCommand,
  SettleCommand,
  TellCommand,
} from "../../src/fleet/rules/command.js";
import type { SharedPolicy } from "../../src/fleet/rules/policy.js";
import type {
  FleetChange,
  FleetChangeReason,
  FleetReply,
  FleetSnapshot,
} from "../../src/fleet/rules/reply.js";
import type { Reporter } from "../../src/fleet/rules/state.js";
import { type BadRow, type Outcomes, rowOf } from "./reference-row.js";

/** An event. Its time never goes back, even when a clock is set back. */
type Event = { readonly t: number } & (
  | { readonly kind: "created"; readonly generation: number }
  | { readonly kind: "changed"; readonly change: FleetChange; readonly until: number }
  | ({ readonly kind: "outcomes" } & Outcomes)
  | { readonly kind: "late"; readonly count: number }
  | { readonly kind: "leased"; readonly id: string; readonly until: number }
  | { readonly kind: "returned"; readonly ids: readonly string[] }
  | { readonly kind: "clock set" }
  | { readonly kind: "told" }
);
type Changed = Event & { readonly kind: "changed" };

/** The state of the circuit after each kind of change, apart from any isolation. */
export const STATE_AFTER: Record<FleetChangeReason, CircuitState> = {
  tripped: "open",
  "opened-at-once": "open",
  "probe-failed": "open",
  "open-time-over": "half-open",
  "probe-succeeded": "closed",
  isolate: "closed",
  "isolation-over": "closed",
  release: "closed",
  reset: "closed",
};
const BY_HAND: readonly FleetChangeReason[] = ["isolate", "isolation-over", "release", "reset"];

/** One shared circuit, with one policy for all commands. */
export class ReferenceCircuit {
  readonly #policy: SharedPolicy;
  #events: Event[] = [];
  /** The time of events minus the store's clock. It changes when the clock is set back. */
  #shift = 0;
  #micros = 0;
  #t = 0;

  constructor(policy: SharedPolicy) {
    this.#policy = policy;
  }

  get history(): readonly FleetChange[] {
    return this.#all("changed").map(({ change }) => change);
  }

  /** Empties the circuit, like a restart of a store that keeps nothing. */
  forget(): void {
    this.#events = [];
    this.#shift = 0;
  }

  run(command: FleetCommand, nowMicros: number): FleetReply {
    const shift = this.#tellTime(nowMicros);
    if (command.kind === "read") {
      return { ...NOTHING, changes: [], snapshot: this.#snapshot() };
    }
    if (shift !== this.#shift) {
      this.#shift = shift;
      this.#add({ kind: "clock set" });
    }
    if (this.#events.length === 0) this.#add({ kind: "created", generation: nowMicros });
    const before = this.history.length;
    const isolation = this.#isolation();
    if (isolation !== undefined && isolation.until <= this.#t) {
      this.#change("isolation-over", { owner: isolation.change.owner });
    }
    const result = this.#apply(command);
    const changes = this.history.slice(before);
    return { ...NOTHING, ...result, changes, snapshot: this.#snapshot() };
  }

  /** Sets `#t`, and returns the offset that the present clock needs. */
  #tellTime(nowMicros: number): number {
    this.#micros = nowMicros;
    const clock = Math.floor(nowMicros / 1000);
    const seen = this.#events.at(-1)?.t ?? clock + this.#shift;
    const wasSet = seen - (clock + this.#shift) > 1000;
    this.#t = Math.max(seen, clock + this.#shift);
    return wasSet ? seen - clock : this.#shift;
  }

  #apply(command: Exclude<FleetCommand, { kind: "read" }>): Partial<FleetReply> {
    if (command.kind === "admit") return this.#admit(command);
    if (command.kind === "settle") return this.#settle(command);
    if (command.kind === "tell") return this.#tell(command);
    this.#control(command);
    return {};
  }

  /**
   * Adds an event without counting anything. In a real store this is a write, and time must not go back
   * before a write.
   */
  #tell({ rejections, runs, failedRunsMs }: TellCommand): Partial<FleetReply> {
    if (rejections + runs.length + failedRunsMs.length > 0) this.#add({ kind: "told" });
    return {};
  }

  #admit({ count, lease, chance }: AdmitCommand): Partial<FleetReply> {
    if (this.#isolation() !== undefined) return { refusal: "isolated" };
    const state = this.#state();
    if (state === "closed") {
      if (!this.#isDue()) return { admitted: count };
      this.#open("tripped", chance, null, this.#quietUntil());
      return { refusal: "open" };
    }
    if (state === "open") {
      if ((this.#changed()?.until ?? 0) > this.#t) return { refusal: "open" };
      this.#change("open-time-over", {});
    }
    let admitted = 0;
    while (admitted < count && this.#leases().length < this.#policy.halfOpenMaxCalls) {
      const until = this.#t + Math.ceil(this.#policy.halfOpenProbeTimeoutMs);
      this.#add({ kind: "leased", id: `${lease}.${admitted}`, until });
      admitted += 1;
    }
    return { admitted, refusal: admitted === count ? null : "probing" };
  }

  #settle(command: SettleCommand): Partial<FleetReply> {
    const { generation, successes, failures, leases, reporter, chance } = command;
    const state = this.#state();
    if (state === "half-open" && leases.length > 0) this.#add({ kind: "returned", ids: leases });
    const settled = successes + failures;
    if (settled === 0) return {};
    const isShut = this.#visible() === "open";
    const isOwn = generation === this.#generation() || (generation === null && state === "closed");
    if (isShut || !isOwn) {
      this.#add({ kind: "late", count: settled });
      return { late: settled };
    }
    const { failure, retryAfterMs } = command;
    this.#add({ kind: "outcomes", successes, failures, reporter, failure, retryAfterMs });
    if (state === "closed") {
      const by = failures > 0 ? reporter : null;
      if (command.openNow && failures > 0) {
        this.#open("opened-at-once", chance, by, this.#quietUntil());
      } else if (this.#isDue()) this.#open("tripped", chance, by, this.#quietUntil());
    } else if (state === "half-open") {
      const probes = this.#sinceChange("outcomes");
      if (failures > 0) {
        this.#open("probe-failed", chance, reporter, this.#t + Math.ceil(retryAfterMs));
      } else if (sum(probes, "successes") >= this.#policy.halfOpenSuccessThreshold) {
        this.#change("probe-succeeded", { by: reporter });
      }
    }
    return { counted: settled };
  }

  #control(command: ControlCommand): void {
    const { kind, owner, reason: note } = command;
    if (kind === "isolate") {
      const forMs = Math.ceil(command.expiresInMs);
      this.#change(kind, { owner, note, forMs }, this.#t + forMs);
    } else this.#change(kind, { owner, note });
  }

  #open(reason: FleetChangeReason, chance: number, by: Reporter | null, quietUntil: number): void {
    const { resetTimeoutMs, openTimeGrowthFactor, openTimeJitter, maxOpenMs } = this.#policy;
    const wasClosedLong = this.#state() === "closed" && this.#age() >= resetTimeoutMs;
    const before = wasClosedLong ? 0 : this.#openings();
    let time = resetTimeoutMs;
    for (let step = 0; step < before; step += 1) {
      time = Math.min(time * openTimeGrowthFactor, Number.MAX_VALUE);
    }
    const jittered = Math.max(time, quietUntil - this.#t) * (1 + openTimeJitter * chance);
    const forMs = Math.ceil(Math.min(jittered, maxOpenMs));
    const blamed = by ?? this.#failure()?.reporter ?? null;
    this.#change(reason, { forMs, by: blamed }, this.#t + forMs);
  }

  #change(reason: FleetChangeReason, detail: Partial<FleetChange>, until = 0): void {
    const from = this.#visible();
    const generation = Math.max(this.#generation() + 1, this.#micros);
    const atMs = this.#t - this.#shift;
    const none = { forMs: null, by: null, owner: null, note: null };
    const after = STATE_AFTER[reason];
    const failure = after === "closed" ? null : this.#failure();
    const isolated = reason === "isolate" || (reason === "reset" && this.#isolation());
    const to = isolated ? "open" : after;
    const change = { ...none, atMs, generation, reason, from, to, failure, ...detail };
    this.#add({ kind: "changed", change, until });
  }

  #snapshot(): FleetSnapshot {
    if (this.#events.length === 0) return UNKNOWN;
    const state = this.#state();
    const leases = this.#leases();
    const row = state === "closed" ? this.#row() : undefined;
    const until = state === "open" ? (this.#changed()?.until ?? 0) : firstEnd(leases);
    return {
      generation: this.#generation(),
      state,
      ageMs: this.#age(),
      retryAfterMs: Math.max(0, until - this.#t),
      badSeconds: row?.counted ?? 0,
      reporters: row?.lastReporters.length ?? 0,
      probes: leases.length,
      openings: this.#openings(),
      isolation: this.#isolationSnapshot(),
      failure: this.#failure(),
      counts: {
        successes: sum(this.#all("outcomes"), "successes"),
        failures: sum(this.#all("outcomes"), "failures"),
        late: sum(this.#all("late"), "count"),
      },
    };
  }

  #isolationSnapshot(): FleetSnapshot["isolation"] {
    const isolation = this.#isolation();
    if (isolation === undefined || isolation.until <= this.#t) return null;
    const { note, owner } = isolation.change;
    const [ageMs, remainingMs] = [this.#t - isolation.t, isolation.until - this.#t];
    return { reason: note ?? "", owner: owner ?? "", ageMs, remainingMs };
  }

  #changed(): Changed | undefined {
    return this.#all("changed").at(-1);
  }

  #state(): CircuitState {
    const changed = this.#changed();
    return changed === undefined ? "closed" : STATE_AFTER[changed.change.reason];
  }

  #visible(): CircuitState {
    return this.#isolation() === undefined ? this.#state() : "open";
  }

  #generation(): number {
    const [created] = this.#all("created");
    return this.#changed()?.change.generation ?? created?.generation ?? 0;
  }

  #age(): number {
    const [created] = this.#all("created");
    return this.#t - (this.#changed()?.t ?? created?.t ?? this.#t);
  }

  #openings(): number {
    let openings = 0;
    let closedAt = this.#events[0]?.t ?? 0;
    let state: CircuitState = "closed";
    for (const { t, change } of this.#all("changed")) {
      const after = STATE_AFTER[change.reason];
      const wasClosedLong = state === "closed" && t - closedAt >= this.#policy.resetTimeoutMs;
      if (after === "open") openings = wasClosedLong ? 1 : openings + 1;
      if (BY_HAND.includes(change.reason)) openings = 0;
      if (after === "closed") closedAt = t;
      state = after;
    }
    return openings;
  }

  /** Returns the change that began the present isolation; undefined when the circuit is not isolated. */
  #isolation(): Changed | undefined {
    const ends: readonly FleetChangeReason[] = ["isolate", "isolation-over", "release"];
    const last = this.#all("changed")
      .filter(({ change }) => ends.includes(change.reason))
      .at(-1);
    return last?.change.reason === "isolate" ? last : undefined;
  }

  /** Returns the last failure that was reported since the circuit last closed. */
  #failure(): FleetSnapshot["failure"] {
    const closed = this.#events.findLastIndex(
      (event) => event.kind === "changed" && STATE_AFTER[event.change.reason] === "closed",
    );
    const told = this.#events
      .slice(closed + 1)
      .filter((event) => event.kind === "outcomes")
      .filter(({ failure }) => failure !== null)
      .at(-1);
    return told?.failure ? { ...told.failure, reporter: told.reporter } : null;
  }

  #leases(): readonly (Event & { kind: "leased" })[] {
    const returned = this.#sinceChange("returned").flatMap(({ ids }) => ids);
    return this.#sinceChange("leased").filter(
      ({ id, until }) => until > this.#t && !returned.includes(id),
    );
  }

  #row(): BadRow {
    return rowOf(this.#sinceChange("outcomes"), this.#t, this.#policy);
  }

  #isDue(): boolean {
    const { length, reporters } = this.#row();
    return length >= this.#policy.badSeconds && reporters >= this.#policy.minimumReporters;
  }

  #quietUntil(): number {
    const asked = this.#sinceChange("outcomes").filter(({ retryAfterMs }) => retryAfterMs > 0);
    return Math.max(0, ...asked.map(({ t, retryAfterMs }) => t + Math.ceil(retryAfterMs)));
  }

  #add(event: DistributedOmit<Event, "t">): void {
    this.#events.push({ ...event, t: this.#t } as Event);
  }

  #all<K extends Event["kind"]>(kind: K): readonly (Event & { kind: K })[] {
    return this.#events.filter((event): event is Event & { kind: K } => event.kind === kind);
  }

  #sinceChange<K extends Event["kind"]>(kind: K): readonly (Event & { kind: K })[] {
    const last = this.#events.findLastIndex((event) => event.kind === "changed");
    return this.#events
      .slice(last + 1)
      .filter((event): event is Event & { kind: K } => event.kind === kind);
  }
}

type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const NOTHING = { admitted: 0, refusal: null, counted: 0, late: 0 } as const;

const UNKNOWN: FleetSnapshot = {
  generation: 0,
  state: "closed",
  ageMs: 0,
  retryAfterMs: 0,
  badSeconds: 0,
  reporters: 0,
  probes: 0,
  openings: 0,
  isolation: null,
  failure: null,
  counts: { successes: 0, failures: 0, late: 0 },
};

function firstEnd(leases: readonly { readonly until: number }[]): number {
  return leases.length === 0 ? 0 : Math.min(...leases.map(({ until }) => until));
}

function sum<K extends string>(events: readonly Readonly<Record<K, number>>[], field: K): number {
  return events.reduce((total, event) => total + event[field], 0);
}
