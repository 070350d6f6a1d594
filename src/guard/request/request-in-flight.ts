/** One request from its admission to its settlement, with its permits. */

import type { Failure, SessionResponse } from "../../attribution/failure.js";
import type { NamedUpstream, ReadRequest } from "../../attribution/query/named-upstream.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { announceOnce } from "../../breaker/announce.js";
import type { CallPermit } from "../../breaker/calls/permit.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitState } from "../../breaker/circuit-state.js";
import type { Machine } from "../../breaker/machine.js";
import { noteSessionIds } from "../../policies/fallback/last-good-scope.js";
import { countAvoided } from "../admission/avoided-requests.js";
import type { Guard } from "../guard.js";
import { ENGINE } from "../guard-options.js";
import type { CallFacts } from "../judgement/facts.js";
import { onlyCommandsFailed } from "../judgement/judge.js";
import { settleLater } from "../judgement/pending-settlements.js";
import { type RequestTrace, TRACE_WITHIN_MS } from "../judgement/request-trace.js";
import { Settlement } from "../judgement/settle.js";
import type { RequestLocks } from "../locks/lock-file.js";
import type { SessionEngine } from "../locks/session-engine.js";
import { idsOf } from "./answer-ids.js";
import { ImagesInFlight } from "./images-in-flight.js";
import type { Dependencies, SessionMemory } from "./session-memory.js";
import type { UpstreamInFlight, UpstreamsInFlight } from "./upstream-in-flight.js";

/** The facts by which a request is judged. */
export interface RequestFacts {
  readonly guard: Guard;
  readonly memory: SessionMemory;
  readonly engine: SessionEngine;
  readonly locks: RequestLocks;
  readonly read: ReadRequest;
  readonly dependencies: Dependencies;
}

/** The sources for a settlement besides the answer. */
export interface SettlementSources {
  readonly trace: RequestTrace | undefined;
  /** Asks for the engine's version. Returns the pending question, if any. */
  readonly learnEngine: () => Promise<void> | undefined;
}

/** An admitted request. It is settled once, in one of its ways. */
export class RequestInFlight {
  readonly #guard: Guard;
  readonly #dependencies: Dependencies;
  readonly #facts: RequestFacts;
  readonly #upstreams: UpstreamsInFlight;
  readonly #settlement: Settlement;
  readonly #images: ImagesInFlight;
  #didAll = false;

  private constructor(facts: RequestFacts, upstreams: UpstreamsInFlight, settlement: Settlement) {
    this.#facts = facts;
    this.#guard = facts.guard;
    this.#dependencies = facts.dependencies;
    this.#upstreams = upstreams;
    this.#settlement = settlement;
    this.#images = new ImagesInFlight(facts, upstreams);
  }

  /**
   * Asks the breaker of the engine and those of the upstreams that the request may contact.
   *
   * @param signal Ends the wait, if the guard is set to wait.
   * @throws The errors of `Guard.admit`.
   */
  static async admit(
    facts: RequestFacts,
    signal: AbortSignal | undefined,
  ): Promise<RequestInFlight> {
    const { guard, dependencies } = facts;
    const asked = [guard.engine];
    const found: [name: string, breaker: CircuitBreaker, machine: Machine][] = [];
    for (const name of dependencies.all) {
      const breaker = guard.upstream(name);
      if (breaker === undefined) continue;
      found.push([name, breaker, guard.machineOf(breaker)]);
      if (dependencies.gated.has(name)) asked.push(breaker);
    }
    let permits: readonly CallPermit[];
    try {
      permits = await guard.admit(asked, signal);
    } catch (error) {
      countAvoided(error, found, dependencies);
      throw error;
    }
    const upstreams = new Map<string, UpstreamInFlight>();
    const all = new Map([[ENGINE, permits[0] as CallPermit]]);
    for (const [name, breaker, machine] of found) {
      const permit = permits[asked.indexOf(breaker)];
      all.set(name, permit ?? guard.unasked(breaker));
      const onlyDeclared = !dependencies.named.has(name);
      upstreams.set(name, { breaker, machine, isGated: permit !== undefined, onlyDeclared });
    }
    return new RequestInFlight(facts, upstreams, new Settlement(guard, all));
  }

  /**
   * Whether its answer has shown that it used everything it names, at least up to a failed command.
   */
  get didAll(): boolean {
    return this.#didAll;
  }

  /**
   * Whether the engine's version decides what its success proves: only an engine without lock files
   * requests each tag. A success of a breaker without failures changes nothing, so the version is
   * not needed then.
   */
  get needsVersion(): boolean {
    for (const name of this.#dependencies.provenByTag) {
      const upstream = this.#upstreams.get(name);
      if (upstream === undefined) continue;
      const { state, failureCount } = upstream.machine;
      if (failureCount > 0 || state.kind !== CircuitState.Closed) return true;
      if (this.#guard.settings.fleet !== undefined && this.#guard.shares(name)) return true;
    }
    return false;
  }

  /** The references that it names, and those behind its ids. */
  get references(): readonly NamedUpstream[] {
    return this.#dependencies.references;
  }

  /**
   * Settles everything by an answer, and learns from it. Upstreams not at fault in it are settled
   * once the request trace has arrived, if there is one.
   *
   * @returns The pending settlement, if any.
   */
  answered(
    failures: readonly Failure[],
    answer: SessionResponse,
    sources: SettlementSources,
  ): Promise<void> | undefined {
    const { read, engine, memory } = this.#facts;
    if (read.rootField === "version") engine.note(answer);
    this.#didAll = onlyCommandsFailed(failures);
    const settlement = this.#settleByAnswer(failures, sources);
    if (this.#didAll) memory.learn(read, this.#dependencies);
    if (failures.length === 0 && read.idKeys.size > 0) {
      const ids = idsOf(answer, read.idKeys);
      memory.learnIds(ids, this.#dependencies);
      noteSessionIds(ids);
    }
    return settlement;
  }

  /**
   * Settles after a timeout of ours for which the engine was not at fault. An upstream is at fault
   * only if the request names it and an exchange with it hung until then.
   */
  timedOut(seen: Promise<readonly Evidence[] | undefined> | undefined): void {
    if (seen === undefined) this.ignored();
    else void this.#settleAfter(seen, (exchanges) => this.#settleCut(exchanges ?? []));
  }

  /** Holds its permits until `settlement` is done; its caller already has the result. */
  settledBy(settlement: Promise<unknown>): void {
    const done = settlement.catch((error) => {
      announceOnce(this.#guard, "the guard", "the settlement of a timeout", error);
      this.notSent();
    });
    settleLater([this.#guard.engine, ...this.#gatedBreakers()], done);
  }

  /**
   * Settles the components at fault in the answer at once: a rate limit must be known before the
   * next request asks.
   */
  #settleByAnswer(
    failures: readonly Failure[],
    { trace, learnEngine }: SettlementSources,
  ): Promise<void> | undefined {
    const counting = failures.filter(({ counts }) => counts);
    if (counting.length > 0) this.#images.failed(counting);
    const facts = { failures, engineAnswered: true, upstreams: this.#upstreams };
    const settle = (exchanges: readonly Evidence[] | undefined) => {
      this.#tellAndRelease({ ...facts, ...this.#proofs(failures), exchanges: exchanges ?? null });
      if (counting.length > 0 && exchanges !== undefined) this.#images.seenFailing(exchanges);
      if (failures.length > 0 || exchanges !== undefined || this.#facts.locks.hasLocked) {
        this.#images.learnOfLocks(failures, exchanges ?? []);
      }
    };
    const doubt = this.#didAll && this.needsVersion;
    if (trace === undefined && !doubt) {
      settle(undefined);
      return undefined;
    }
    this.#settlement.tell({ ...facts, exchanges: "pending" });
    const settleKnowing = (exchanges: readonly Evidence[] | undefined) => {
      const learning = doubt && exchanges === undefined ? learnEngine() : undefined;
      return learning === undefined ? settle(exchanges) : learning.then(() => settle(exchanges));
    };
    if (trace !== undefined) {
      return this.#settleAfter(trace.evidence(TRACE_WITHIN_MS), settleKnowing);
    }
    const learning = learnEngine();
    if (learning !== undefined) return this.#settleAfter(learning, () => settle(undefined));
    settle(undefined);
    return undefined;
  }

  /** Settles once the request trace has arrived or is too late; no permit is ever kept. */
  #settleAfter<T>(
    heard: Promise<T | undefined>,
    settle: (heard: T | undefined) => void | Promise<void>,
  ): Promise<void> {
    const settlement = heard
      .then(settle, () => settle(undefined))
      .catch((error) => announceOnce(this.#guard, "the guard", "the settlement by spans", error))
      .then(() => this.#settlement.release());
    settleLater(this.#gatedBreakers(), settlement);
    return settlement;
  }

  #gatedBreakers(): readonly CircuitBreaker[] {
    const gated = [...this.#upstreams.values()].filter(({ isGated }) => isGated);
    return gated.map(({ breaker }) => breaker);
  }

  #settleCut(exchanges: readonly Evidence[]): void {
    this.#images.hung(exchanges);
    this.#tellAndRelease({ upstreams: this.#upstreams, exchanges, isCut: true });
  }

  /**
   * Returns the upstreams that a success proves to have answered. An engine that reads lock files
   * requests no tag in one, whatever folder that is in.
   */
  #proofs(failures: readonly Failure[]): Pick<CallFacts, "proven" | "likely"> {
    const { failedImages } = this.#guard.lockedPulls;
    const recovered = failedImages.isEmpty ? [] : this.#images.recovered(failures);
    if (this.#upstreams.size === 0 || !this.#didAll) return NO_PROOFS;
    const { proven, provenBeforeCommand, provenByTag } = this.#dependencies;
    if (proven.size + provenByTag.size + recovered.length === 0) return NO_PROOFS;
    const certain = [...(failures.length === 0 ? proven : provenBeforeCommand), ...recovered];
    if (this.#facts.engine.readsLocks === true) {
      // While a circuit is closed, such a success counts against its failures; it closes no
      // circuit.
      const likely = [...provenByTag].filter(
        (name) => this.#upstreams.get(name)?.breaker.state === CircuitState.Closed,
      );
      return { proven: new Set(certain), likely: new Set(likely) };
    }
    return { ...NO_PROOFS, proven: new Set([...certain, ...provenByTag]) };
  }

  /** Settles everything by an error in place of an answer: it concerns only the engine. */
  failed(failure: Failure, error: unknown): void {
    this.#tellAndRelease({ failures: [failure] }, error);
  }

  /** Settles without any proof. */
  ignored(): void {
    this.#tellAndRelease({});
  }

  /** Settles a request that was not sent after all. */
  notSent(): void {
    this.#settlement.release();
  }

  #tellAndRelease(facts: Partial<CallFacts>, error?: unknown): void {
    this.#settlement.tell(facts, error);
    this.#settlement.release();
  }
}

/** A request that failed proves nothing. */
const NO_PROOFS = { proven: new Set<string>(), likely: new Set<string>() };
