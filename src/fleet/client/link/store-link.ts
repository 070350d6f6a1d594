/** The way to a store: within a deadline, at most once, and not at all while the store is down. */

import { kindOf } from "../../../breaker/announce.js";
import { Permit } from "../../../breaker/calls/permit.js";
import { CircuitBreaker } from "../../../breaker/circuit-breaker.js";
import { systemClock } from "../../../breaker/clock.js";
import { isReply } from "../../reply-shape.js";
import type { FleetCommand } from "../../rules/command.js";
import type { FleetReply } from "../../rules/reply.js";
import type { FleetKey, FleetStore } from "../../store.js";
import { FleetStoreError, isFleetStoreError } from "../../store-error.js";
import { within } from "../../within.js";
import { Deadlines } from "./deadlines.js";
import { LostTime } from "./lost-time.js";

/** A command on its way, and who waits for what becomes of it. */
export interface Errand {
  /** Makes the command, once it is known for which store. */
  command(minimumReporters: number): FleetCommand;
  /** How many calls a command asks for, so that no more can be let in. */
  readonly count: number;
  /** Whether calls wait for the answer: only then does its deadline keep the process alive. */
  readonly awaited: boolean;
  /**
   * The answer came, perhaps after `missed`.
   *
   * @param command The number of the command: those sent later have higher ones.
   * @param tookMs How long ago it was sent.
   */
  replied(reply: FleetReply, command: number, tookMs: number): void;
  /** No answer within the deadline. Called at once when the store is not asked at all. */
  missed(): void;
}

/** What a link has counted; none of it ever goes back. */
export interface LinkCounts {
  /** Commands that were sent. */
  readonly sentCount: number;
  /** Those that failed. */
  readonly failedCount: number;
  /** Those that had no answer within the deadline. */
  readonly timedOutCount: number;
  /** Those that were not sent, because the store was down or too many were on their way. */
  readonly unsentCount: number;
}

/** What a link is told when it is made. */
export interface LinkSettings {
  readonly kind: string;
  /** Makes the store, at the first use. */
  readonly store: () => FleetStore | Promise<FleetStore>;
  readonly timeoutMs: number;
  /** For how long in all answers are waited for in vain, before nothing is asked any more. */
  readonly giveUpAfterMs: number | undefined;
  readonly minimumReporters: number | undefined;
  /** Hears why the store was given up, and undefined when it is back. */
  readonly onEdge: (reason: string | undefined) => void;
}

/** Failures in a row after which a store is down, and how long it is then left alone. */
const FAILURES_TO_DOWN = 3;
const DOWN_MS = 500;
const DOWN_JITTER = 0.5;
/** More commands than this do not wait for their answers at once. */
const MAX_UNDER_WAY = 10_000;

/** One process at one store. */
export class StoreLink {
  readonly #settings: LinkSettings;
  readonly #breaker: CircuitBreaker;
  #store: FleetStore | undefined;
  #opening: Promise<FleetStore> | undefined;
  readonly #underWay: Deadlines<Sending>;
  #closed = false;
  #sentCount = 0;
  #failedCount = 0;
  #timedOutCount = 0;
  #unsentCount = 0;
  #lastProblem: string | undefined;
  readonly #lost = new LostTime();

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.#underWay = new Deadlines(settings.timeoutMs, (sending) => this.#runOut(sending));
    this.#breaker = new CircuitBreaker({
      name: `store ${settings.kind}`.slice(0, 200),
      failureThreshold: FAILURES_TO_DOWN,
      resetTimeoutMs: DOWN_MS,
      openTimeJitter: DOWN_JITTER,
    });
    this.#breaker.on("stateChange", ({ from, to, error }) => {
      if (from === "closed") settings.onEdge(reasonOf(error));
      else if (to === "closed") settings.onEdge(undefined);
    });
  }

  /** Whether the store is asked. */
  get isUp(): boolean {
    return !this.#closed && this.#breaker.state === "closed";
  }

  /** Whether a command would be sent now. */
  get mayAsk(): boolean {
    return this.#takesMore && this.#breaker.check().admits;
  }

  /** Why the last command or connection failed that did; undefined as long as all went well. */
  get lastProblem(): string | undefined {
    return this.#lastProblem;
  }

  get #takesMore(): boolean {
    const { giveUpAfterMs = Number.POSITIVE_INFINITY } = this.#settings;
    return !this.#closed && this.#lost.ms < giveUpAfterMs && this.#underWay.size < MAX_UNDER_WAY;
  }

  /** Whether it was closed: nothing is sent any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The number of a command that is sent by `demand`. */
  nextNumber(): number {
    this.#sentCount += 1;
    return this.#sentCount;
  }

  /** How many commands have been sent. */
  get sentCount(): number {
    return this.#sentCount;
  }

  get counts(): LinkCounts {
    return {
      sentCount: this.#sentCount,
      failedCount: this.#failedCount,
      timedOutCount: this.#timedOutCount,
      unsentCount: this.#unsentCount,
    };
  }

  /** Connects. Resolves to false when that fails or takes longer than `limitMs`. */
  async open(limitMs: number): Promise<boolean> {
    if (this.#closed) return false;
    const permit = this.#breaker.tryAcquire();
    if (!(permit instanceof Permit)) return false;
    const startedMs = systemClock.now();
    try {
      await within(
        this.#withStore((store) => store.open()),
        limitMs,
      );
      permit.success();
      return true;
    } catch (error) {
      this.#missed(startedMs, reasonOf(error));
      // Calls need not find out one by one.
      permit.failure(error, { openNow: true });
      return false;
    }
  }

  /** Sends a command, unless the store is down. Never throws. */
  send(key: FleetKey, errand: Errand): void {
    const permit = this.#takesMore ? this.#breaker.tryAcquire() : undefined;
    if (!(permit instanceof Permit)) {
      this.#unsentCount += 1;
      errand.missed();
      return;
    }
    this.#sentCount += 1;
    const sending = new Sending(errand, permit, this.#sentCount);
    this.#underWay.begin(sending);
    this.#withStore((store) => store.run(key, errand.command(this.#minimumReporters(store)))).then(
      (reply) => this.#answered(sending, reply),
      (error) => this.#failed(sending, error),
    );
  }

  /**
   * Asks the store for something that no call waits for, whether it is down or not.
   *
   * @param awaited Whether somebody waits for it: only then does the limit keep the process alive.
   * @throws FleetStoreError (as a rejection) when it fails or takes longer than `limitMs`.
   */
  async demand<T>(
    question: (store: FleetStore) => T | Promise<T>,
    limitMs: number,
    awaited = true,
  ): Promise<T> {
    if (this.#closed) throw new FleetStoreError("the fleet is closed");
    try {
      return await within(this.#withStore(question), limitMs, awaited);
    } catch (error) {
      if (isFleetStoreError(error)) throw error;
      const message = `the store (${this.#settings.kind}) failed: ${reasonOf(error)}`;
      throw new FleetStoreError(message, error);
    }
  }

  /** Resolves when all that is on its way now was answered or given up; each has a deadline. */
  async idle(): Promise<void> {
    await Promise.all(
      this.#underWay
        .all()
        .map((sending) => new Promise<void>((end) => sending.whenEnded.push(end))),
    );
  }

  /**
   * Sends nothing from now on, and gives up what is on its way. Never rejects.
   *
   * @param withStore Whether to close the store as well, for `limitMs` at most.
   */
  async close(withStore: boolean, limitMs: number): Promise<void> {
    this.#closed = true;
    for (const sending of this.#underWay.all()) this.#giveUp(sending);
    const store = this.#store ?? this.#opening;
    if (!withStore || store === undefined) return;
    await within(
      Promise.resolve(store).then((made) => made.close()),
      limitMs,
    ).catch(() => undefined);
  }

  #minimumReporters(store: FleetStore): number {
    return this.#settings.minimumReporters ?? store.minimumReporters;
  }

  /** Asks the store as soon as there is one; at once when it is there. */
  async #withStore<T>(question: (store: FleetStore) => T | Promise<T>): Promise<T> {
    if (this.#store !== undefined) return question(this.#store);
    this.#opening ??= this.#make();
    return question(await this.#opening);
  }

  async #make(): Promise<FleetStore> {
    try {
      this.#store = await this.#settings.store();
      return this.#store;
    } finally {
      this.#opening = undefined;
    }
  }

  #answered(sending: Sending, reply: unknown): void {
    if (!isReply(reply, sending.errand.count)) {
      this.#failed(sending, new FleetStoreError("the store answered with what is no answer"));
      return;
    }
    this.#settle(sending)?.success();
    this.#lost.forget();
    const { errand, number, startedMs } = sending;
    errand.replied(reply, number, systemClock.now() - startedMs);
  }

  #failed(sending: Sending, error: unknown): void {
    const permit = this.#settle(sending);
    if (permit === undefined) return;
    this.#failedCount += 1;
    this.#missed(sending.startedMs, reasonOf(error));
    permit.failure(error);
    sending.errand.missed();
  }

  #runOut(sending: Sending): void {
    const permit = this.#settle(sending);
    if (permit === undefined) return;
    this.#timedOutCount += 1;
    const error = new FleetStoreError(`no answer within ${this.#settings.timeoutMs} ms`);
    this.#missed(sending.startedMs, error.message);
    permit.failure(error);
    sending.errand.missed();
  }

  #missed(askedMs: number, problem: string): void {
    this.#lastProblem = problem;
    this.#lost.add(askedMs);
  }

  /** Gives a command up without blaming anybody. */
  #giveUp(sending: Sending): void {
    this.#settle(sending)?.release();
    sending.errand.missed();
  }

  /** Ends the wait for a command; undefined when it has ended before. */
  #settle(sending: Sending): Permit | undefined {
    if (!this.#underWay.end(sending)) return undefined;
    for (const end of sending.whenEnded) end();
    return sending.permit;
  }
}

/** A command whose answer is waited for. */
class Sending {
  readonly startedMs = systemClock.now();
  readonly whenEnded: (() => void)[] = [];

  constructor(
    readonly errand: Errand,
    readonly permit: Permit,
    readonly number: number,
  ) {}

  get awaited(): boolean {
    return this.errand.awaited;
  }
}

/** What may be said of an error: the messages of our own errors hold no secret, others may. */
function reasonOf(error: unknown): string {
  return isFleetStoreError(error) ? error.message : kindOf(error);
}
