/** Sends commands to a store: at most once, with a deadline, and not while the store is down. */

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
import type { LinkCounts } from "./link-counts.js";
import { LostTime } from "./lost-time.js";

/** A command to send, and callbacks for its result. */
export interface Errand {
  /**
   * Creates the command once the store is connected, because its content depends on the store.
   *
   * @param counts Whether the store keeps counts for reports. An older server keeps none.
   */
  command(minimumReporters: number, counts: boolean): FleetCommand;
  /** Number of calls in an admit command; otherwise 0. The reply must not admit more calls. */
  readonly count: number;
  /** Whether calls wait for the reply. Only then does the deadline keep the process alive. */
  readonly awaited: boolean;
  /**
   * Receives the reply. A late reply comes after `missed` was called.
   *
   * @param command Number of the command. Later commands have higher numbers.
   * @param tookMs Milliseconds from sending the command to its reply.
   */
  replied(reply: FleetReply, command: number, tookMs: number): void;
  /** Called if no reply arrives in time, or at once if the command is not sent. */
  missed(): void;
}

/** Settings of a link. */
export interface LinkSettings {
  readonly kind: string;
  /** Creates the store at the first use. */
  readonly store: () => FleetStore | Promise<FleetStore>;
  readonly timeoutMs: number;
  /** See `FleetOptions.giveUpAfterMs`. */
  readonly giveUpAfterMs: number | undefined;
  readonly minimumReporters: number | undefined;
  /** Receives the reason when the store goes down, and undefined when it is up again. */
  readonly onEdge: (reason: string | undefined) => void;
}

/** After this number of consecutive failures, the store is down and not asked for `DOWN_MS`. */
const FAILURES_TO_DOWN = 3;
const DOWN_MS = 500;
const DOWN_JITTER = 0.5;
/** The maximum number of commands in flight. */
const MAX_UNDER_WAY = 10_000;

/** Sends the commands of one process to one store. Its own breaker detects a store that is down. */
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

  /** Whether the link is open and the store is up. */
  get isUp(): boolean {
    return !this.#closed && this.#breaker.state === "closed";
  }

  /** Whether a command would be sent now. */
  get mayAsk(): boolean {
    return this.#takesMore && this.#breaker.check().admits;
  }

  /** Whether the store is connected and keeps counts for reports. */
  get isCounting(): boolean {
    return this.#store?.scopes !== undefined;
  }

  /** The reason for the last failure of a command or connection; undefined before the first. */
  get lastProblem(): string | undefined {
    return this.#lastProblem;
  }

  get #takesMore(): boolean {
    const { giveUpAfterMs = Number.POSITIVE_INFINITY } = this.#settings;
    return !this.#closed && this.#lost.ms < giveUpAfterMs && this.#underWay.size < MAX_UNDER_WAY;
  }

  /** Whether the link is closed. A closed link sends nothing. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Counts a command that `demand` sends, and returns its number. */
  nextNumber(): number {
    this.#sentCount += 1;
    return this.#sentCount;
  }

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

  /** Connects. Resolves to false if the connection fails or takes longer than `limitMs`. */
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
      // Treats the store as down at once. Otherwise, each of the next calls would time out.
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
    this.#withStore((store) => store.run(key, this.#commandOf(errand, store))).then(
      (reply) => this.#answered(sending, reply),
      (error) => this.#failed(sending, error),
    );
  }

  /**
   * Asks the store even if it is down. Use it only for a request that no guarded call waits for,
   * such as `status`.
   *
   * @param awaited Whether a caller waits. Only then does the limit keep the process alive.
   * @throws FleetStoreError (as a rejection) if the request fails or takes longer than `limitMs`.
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

  /** Resolves when all commands in flight are answered or dropped. Each has a deadline. */
  async idle(): Promise<void> {
    await Promise.all(
      this.#underWay
        .all()
        .map((sending) => new Promise<void>((end) => sending.whenEnded.push(end))),
    );
  }

  /**
   * Stops sending, and drops the commands in flight. Never rejects.
   *
   * @param withStore Whether to close the store too, within `limitMs`.
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

  #commandOf(errand: Errand, { minimumReporters, scopes }: FleetStore): FleetCommand {
    const reporters = this.#settings.minimumReporters ?? minimumReporters;
    return errand.command(reporters, scopes !== undefined);
  }

  /** Passes the store to `question`. Creates the store first if necessary. */
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
      this.#failed(sending, new FleetStoreError("the store gave an invalid reply"));
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

  /** Drops a command without counting a failure. */
  #giveUp(sending: Sending): void {
    this.#settle(sending)?.release();
    sending.errand.missed();
  }

  /** Ends the wait for a command. Returns its permit; undefined if the wait has already ended. */
  #settle(sending: Sending): Permit | undefined {
    if (!this.#underWay.end(sending)) return undefined;
    for (const end of sending.whenEnded) end();
    return sending.permit;
  }
}

/** A command that waits for its reply. */
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

/** Returns the message of a store's error. Hides other messages, which may contain secrets. */
function reasonOf(error: unknown): string {
  return isFleetStoreError(error) ? error.message : kindOf(error);
}
