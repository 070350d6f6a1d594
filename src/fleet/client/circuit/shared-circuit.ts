/**
 * Represents a shared circuit in this process. Asks the store about calls, and sends outcomes to
 * it.
 */

import type { Settlement } from "../../../breaker/calls/permit.js";
import type { Clock } from "../../../breaker/clock.js";
import { MAX_CALLS } from "../../rules/command.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "../../rules/reply.js";
import type { FleetKey } from "../../store.js";
import { type SharedCircuitOpenError, sharedRejection } from "../shared-open-error.js";
import type { CircuitPolicy } from "../shared-policy.js";
import { CircuitNews } from "./circuit-news.js";
import type { CircuitSurroundings } from "./circuit-surroundings.js";
import { FlushTimer, Haste } from "./flush-timer.js";
import { KnownCircuit, type KnownRefusal } from "./known-circuit.js";
import { type Outcomes, OutcomeTally } from "./outcome-tally.js";
import { type OutcomeTaker, SharedTicket } from "./shared-ticket.js";
import { Untold } from "./untold.js";

/** The result of an admission: a ticket to settle, or a rejection. */
export type SharedAdmission = SharedTicket | KnownRefusal;

/** One shared circuit. All breakers of a fleet that share a name use the same object. */
export class SharedCircuit implements OutcomeTaker {
  readonly key: FleetKey;
  /** The policy to send with commands. The breaker last passed to `share` determines it. */
  policy: CircuitPolicy;
  readonly counts = {
    askedCount: 0,
    refusedCount: 0,
    aloneCount: 0,
    toldCount: 0,
    droppedCount: 0,
  };
  readonly news: CircuitNews;
  readonly #clock: Clock;
  readonly #around: CircuitSurroundings;
  readonly #cached: boolean;
  readonly #known = new KnownCircuit();
  readonly #tally = new OutcomeTally();
  /** Counts that never affect a decision. They are sent with outcomes, or when the process ends. */
  readonly untold = new Untold();
  readonly #timer = new FlushTimer(() => this.flush());
  #waiting: ((answer: SharedAdmission) => void)[] = [];
  /** Number of admit commands in flight. Each has calls that wait for the reply. */
  #askingCount = 0;
  /** The ticket of calls for which the store was not asked. */
  readonly #unasked = new SharedTicket(this, null, undefined);
  /** The ticket of calls without a probe lease, in the last known generation. */
  #ticket = this.#unasked;
  /** The ticket of calls that are admitted without asking: in cached mode, while closed. */
  #pass: SharedTicket | undefined;
  #used = false;

  constructor(name: string, policy: CircuitPolicy, clock: Clock, around: CircuitSurroundings) {
    this.key = Object.freeze({ scope: around.scope, name });
    this.policy = policy;
    this.#clock = clock;
    this.#around = around;
    this.#cached = around.cached;
    this.news = new CircuitNews(this.key, around.announce);
  }

  /** The known state of the circuit; undefined before the first reply or push. */
  get snapshot(): FleetSnapshot | undefined {
    return this.#known.at(this.#clock.now());
  }

  /** Admits or rejects a call: at once if the known state suffices, else after a reply. */
  admit(): SharedAdmission | Promise<SharedAdmission> {
    if (this.#cached) {
      this.#used = true;
      if (this.#pass !== undefined) return this.#pass;
      const known = this.#known.decide(this.#clock.now());
      if (typeof known === "object") return known;
    }
    if (!this.#around.link.mayAsk) return this.#decideAlone();
    this.counts.askedCount += 1;
    const answer = new Promise<SharedAdmission>((resolve) => this.#waiting.push(resolve));
    if (this.#waiting.length === MAX_CALLS) this.flush();
    // If a reply is already awaited, calls are frequent, so the calls of a turn are sent together.
    else this.#timer.ask(this.#askingCount > 0 ? Haste.Tick : Haste.Now);
    return answer;
  }

  /** Returns the rejection that a call would get now; undefined if no rejection is known. */
  check(): KnownRefusal | undefined {
    const known = this.#known.decide(this.#clock.now());
    return typeof known === "object" ? known : undefined;
  }

  /** Creates the error of a rejected call. Counts the rejection, and emits `rejected`. */
  reject({ reason, snapshot }: KnownRefusal, withStack: boolean): SharedCircuitOpenError {
    this.counts.refusedCount += 1;
    this.untold.addRejection();
    const error = sharedRejection(this.key, reason, snapshot, withStack);
    this.news.tellRejected(error);
    return error;
  }

  /** The ticket for an outcome without a permit. */
  get unasked(): SharedTicket {
    return this.#unasked;
  }

  tell(generation: number | null, settlement: Settlement): void {
    this.#tally.add(generation, settlement);
    // In cached mode, a success waits for the scheduled flush. Nearly all calls end here.
    if (this.#cached && settlement.outcome === "success" && this.#timer.isDue) return;
    this.#schedule(this.#hasteOf(settlement));
  }

  giveBack(generation: number | null, lease: string): void {
    this.#tally.giveBack(generation, lease);
    this.#schedule(Haste.Tick);
  }

  /** Asks the store for the state. Resolves even if the store does not reply. */
  read(): Promise<void> {
    return new Promise((resolve) => {
      this.#around.link.send(this.key, {
        count: 0,
        awaited: false,
        command: () => ({ kind: "read" }),
        replied: (reply, command, tookMs) => {
          this.hearReply(reply, command, tookMs);
          resolve();
        },
        missed: resolve,
      });
    });
  }

  /** Returns whether `admit` was called since the last `takeUse`. Works only in cached mode. */
  takeUse(): boolean {
    const used = this.#used;
    this.#used = false;
    return used;
  }

  /** Accepts a push about a change that another process caused. */
  hearPush(snapshot: FleetSnapshot): void {
    const before = this.#known.heard;
    if (!this.#known.hearPush(snapshot, this.#clock.now(), this.#around.link.sentCount)) return;
    this.#changed(before, snapshot, []);
  }

  /**
   * Accepts the reply to a command of this process.
   *
   * @param command The number of the command.
   * @param tookMs Milliseconds from sending the command to its reply.
   */
  hearReply({ snapshot, changes }: FleetReply, command: number, tookMs: number): void {
    const before = this.#known.heard;
    const atMs = this.#clock.now() - tookMs;
    if (!this.#known.hearReply(snapshot, atMs, command, this.#around.link.sentCount)) return;
    this.#changed(before, snapshot, changes);
  }

  /**
   * Sends waiting commands. Sends outcomes first, so that they affect the calls that follow.
   *
   * @param untold Whether to send the counts in `untold` even if there are no outcomes.
   */
  flush(untold = false): void {
    this.#timer.stop();
    const settled = this.#tally.take();
    for (const outcomes of settled) this.#settle(outcomes);
    if (untold || settled.length > 0) this.#tellUntold();
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#ask(waiting);
  }

  /**
   * Returns how long an outcome may wait. A rate limit must reach other processes at once. In
   * strict mode, other outcomes wait 2 ms for the next call, which can share their request.
   */
  #hasteOf({ outcome, openNow }: Settlement): Haste {
    if (outcome === "failure" && openNow === true) return Haste.Tick;
    if (!this.#cached) return Haste.Moment;
    return outcome === "success" ? Haste.Second : Haste.Soon;
  }

  /** Schedules a flush. After the fleet is closed, flushes at once, which drops the outcomes. */
  #schedule(haste: Haste): void {
    if (this.#around.link.isClosed) this.flush();
    else this.#timer.ask(haste);
  }

  #ask(waiting: readonly ((answer: SharedAdmission) => void)[]): void {
    const { link, nextLease, reporter } = this.#around;
    const { length: count } = waiting;
    const lease = nextLease();
    let missed = false;
    this.#askingCount += 1;
    link.send(this.key, {
      count,
      awaited: true,
      command: (minimumReporters, counts) => ({
        kind: "admit",
        policy: this.policy.toldWith(minimumReporters),
        count,
        lease,
        chance: Math.random(),
        reporter:
          counts && this.#known.mayProbe(this.#clock.now(), this.policy) ? reporter : undefined,
      }),
      replied: (reply, command, tookMs) => {
        this.hearReply(reply, command, tookMs);
        if (missed) return this.#giveAllBack(reply, lease);
        this.#askingCount -= 1;
        this.#answer(waiting, reply, lease);
      },
      missed: () => {
        missed = true;
        this.#askingCount -= 1;
        for (const resolve of waiting) resolve(this.#decideAlone());
      },
    });
  }

  #answer(
    waiting: readonly ((answer: SharedAdmission) => void)[],
    { admitted, refusal, snapshot }: FleetReply,
    lease: string,
  ): void {
    const { generation } = snapshot;
    const probes = snapshot.state === "half-open";
    const common = this.#ticketOf(generation);
    for (const [index, resolve] of waiting.entries()) {
      if (index >= admitted) resolve({ reason: refusal ?? "open", snapshot });
      else if (probes) resolve(new SharedTicket(this, generation, `${lease}.${index}`));
      else resolve(common);
    }
  }

  /** Gives back the probe leases in a late reply, because the waiting calls are already decided. */
  #giveAllBack({ admitted, snapshot }: FleetReply, lease: string): void {
    if (snapshot.state !== "half-open") return;
    for (let index = 0; index < admitted; index += 1) {
      this.giveBack(snapshot.generation, `${lease}.${index}`);
    }
  }

  /** Decides without the store: rejects while the last known rejection lasts, otherwise admits. */
  #decideAlone(): SharedAdmission {
    const known = this.#known.decide(this.#clock.now());
    if (typeof known === "object") return known;
    this.counts.aloneCount += 1;
    return this.#unasked;
  }

  #tellUntold(): void {
    const { link } = this.#around;
    const told = link.isCounting ? this.untold.take() : undefined;
    if (told === undefined) return;
    link.send(this.key, {
      count: 0,
      awaited: false,
      command: () => told,
      replied: (reply, command, tookMs) => this.hearReply(reply, command, tookMs),
      missed: () => {},
    });
  }

  #settle(outcomes: Outcomes): void {
    const { link, reporter } = this.#around;
    const count = outcomes.successes + outcomes.failures;
    let missed = false;
    link.send(this.key, {
      count: 0,
      awaited: false,
      command: (minimumReporters, counts) => ({
        kind: "settle",
        policy: this.policy.toldWith(minimumReporters),
        ...outcomes,
        faults: counts ? outcomes.faults : undefined,
        retryAfterMs: Math.min(outcomes.retryAfterMs, this.policy.maxOpenMs),
        reporter,
        chance: Math.random(),
      }),
      replied: (reply, command, tookMs) => {
        this.hearReply(reply, command, tookMs);
        if (!missed) this.counts.toldCount += count;
      },
      missed: () => {
        missed = true;
        this.#drop(count);
      },
    });
  }

  #drop(count: number): void {
    this.counts.droppedCount += count;
    this.#around.dropped(count);
  }

  #changed(
    before: FleetSnapshot | undefined,
    after: FleetSnapshot,
    changes: readonly FleetChange[],
  ): void {
    const closed = after.isolation === null && after.state === "closed";
    // Generation 0: the store does not know the circuit, so outcomes cannot belong to a generation.
    this.#ticket = after.generation === 0 ? this.#unasked : this.#ticketOf(after.generation);
    this.#pass = this.#cached && closed ? this.#ticket : undefined;
    this.news.tellHeard(before, after, changes);
  }

  #ticketOf(generation: number): SharedTicket {
    const known = this.#ticket.generation === generation;
    return known ? this.#ticket : new SharedTicket(this, generation, undefined);
  }
}
