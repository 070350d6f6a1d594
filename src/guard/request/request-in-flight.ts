/** Follows one request from its admission to the settlement of its permits. */

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
import { ENGINE } from "../engine-name.js";
import type { Guard } from "../guard.js";
import type { CallFacts } from "../judgement/facts.js";
import { onlyCommandsFailed } from "../judgement/judge.js";
import { settleLater } from "../judgement/pending-settlements.js";
import { type RequestTrace, TRACE_WITHIN_MS } from "../judgement/request-trace.js";
import { CallSettlement } from "../judgement/settle.js";
import type { RequestLocks } from "../locks/lock-file.js";
import type { SessionEngine } from "../locks/session-engine.js";
import { idsOf } from "./answer-ids.js";
import { ImagesInFlight } from "./images-in-flight.js";
import type { Dependencies, SessionMemory } from "./session-memory.js";
import type { UpstreamInFlight, UpstreamsInFlight } from "./upstream-in-flight.js";

/** The facts about a request that decide its outcomes. */
export interface RequestFacts {
  readonly guard: Guard;
  readonly memory: SessionMemory;
  readonly engine: SessionEngine;
  readonly locks: RequestLocks;
  readonly read: ReadRequest;
  readonly dependencies: Dependencies;
}

/** Further sources for the outcomes of a request, besides its answer. */
export interface SettlementSources {
  readonly trace: RequestTrace | undefined;
  /**
   * Asks the engine for its version. Returns the pending question, or undefined if there is nothing to wait
   * for.
   */
  readonly learnEngine: () => Promise<void> | undefined;
}

/**
 * An admitted request with its permits. At its end, call one of `answered`, `timedOut`, `failed`, `ignored`
 * and `notSent`.
 */
export class RequestInFlight {
  readonly #guard: Guard;
  readonly #dependencies: Dependencies;
  readonly #facts: RequestFacts;
  readonly #upstreams: UpstreamsInFlight;
  readonly #settlement: CallSettlement;
  #didAll = false;

  private constructor(
    facts: RequestFacts,
    upstreams: UpstreamsInFlight,
    settlement: CallSettlement,
  ) {
    this.#facts = facts;
    this.#guard = facts.guard;
    this.#dependencies = facts.dependencies;
    this.#upstreams = upstreams;
    this.#settlement = settlement;
  }

  /**
   * Takes permits from the engine's breaker, and from the breakers of upstreams that the request may
   * contact.
   *
   * @param signal An abort ends the wait for admission.
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
      permits = guard.admitFreely(asked) ?? (await guard.admit(asked, signal));
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
    return new RequestInFlight(facts, upstreams, new CallSettlement(guard, all));
  }

  /** Whether the answer shows that the request did everything it names, at least up to a failed command. */
  get didAll(): boolean {
    return this.#didAll;
  }

  /**
   * Whether the engine's version must be known to settle a success. An engine that reads lock files may use
   * a tag without a request to the registry. The version is not needed if a success would change no
   * breaker.
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

  /** The upstreams that the request names, and the upstreams of the objects whose ids it uses. */
  get references(): readonly NamedUpstream[] {
    return this.#dependencies.references;
  }

  /**
   * Settles the permits by an answer, and remembers what the answer shows. If the engine's spans are read,
   * an upstream without a fault in the answer is settled only after the spans have arrived.
   *
   * @returns The pending settlement, or undefined if everything is settled.
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
   * Settles a request that a timeout of this guard ended, while the engine still answers. An upstream is at
   * fault only if the request names it and an exchange with it hung until the timeout.
   */
  timedOut(seen: Promise<readonly Evidence[] | undefined> | undefined): void {
    if (seen === undefined) this.ignored();
    else void this.#settleAfter(seen, (exchanges) => this.#settleCut(exchanges ?? []));
  }

  /**
   * Lets the next request wait until `settlement` is done. The caller of this request already has its
   * result.
   */
  settledBy(settlement: Promise<unknown>): void {
    const done = settlement.catch((error) => {
      announceOnce(this.#guard, "the guard", "the settlement of a timeout", error);
      this.notSent();
    });
    settleLater([this.#guard.engine, ...this.#gatedBreakers()], done);
  }

  /**
   * Settles at once the permits of the components that are at fault in the answer. A rate limit must be
   * known before the next request is admitted. Other permits may have to wait for spans or for the version.
   */
  #settleByAnswer(
    failures: readonly Failure[],
    { trace, learnEngine }: SettlementSources,
  ): Promise<void> | undefined {
    const counting = failures.filter(({ counts }) => counts);
    if (counting.length > 0) this.#images.failed(counting);
    const facts = { failures, engineAnswered: true, upstreams: this.#upstreams };
    const settle = (exchanges: readonly Evidence[] | undefined) => {
      const { proven, likely } = this.#proofs(failures);
      this.#tellAndRelease({ ...facts, proven, likely, exchanges: exchanges ?? null });
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
      return this.#settleAfter(trace.exchanges(TRACE_WITHIN_MS), settleKnowing);
    }
    const learning = learnEngine();
    if (learning !== undefined) return this.#settleAfter(learning, () => settle(undefined));
    settle(undefined);
    return undefined;
  }

  /**
   * Settles after the spans or the version have arrived, or after the wait for them has failed. Then
   * releases all remaining permits.
   */
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
   * Returns the upstreams that must have answered because the request succeeded. On an engine that reads
   * lock files, a tag proves nothing, because it may be in a lock file of any folder.
   */
  #proofs(failures: readonly Failure[]): Pick<CallFacts, "proven" | "likely"> {
    const { failedImages } = this.#guard.lockedPulls;
    const recovered = failedImages.isEmpty ? [] : this.#images.recovered(failures);
    if (this.#upstreams.size === 0 || !this.#didAll) return NO_PROOFS;
    const { proven, provenBeforeCommand, provenByTag } = this.#dependencies;
    if (proven.size + provenByTag.size + recovered.length === 0) return NO_PROOFS;
    const certain = [...(failures.length === 0 ? proven : provenBeforeCommand), ...recovered];
    if (this.#facts.engine.readsLocks === true) {
      // A success by tag only offsets earlier failures of a closed circuit. It must not close an open
      // circuit.
      const likely = [...provenByTag].filter(
        (name) => this.#upstreams.get(name)?.breaker.state === CircuitState.Closed,
      );
      return { proven: new Set(certain), likely: new Set(likely) };
    }
    return { ...NO_PROOFS, proven: new Set([...certain, ...provenByTag]) };
  }

  /** Settles a request that got an error instead of an answer. Such an error concerns only the engine. */
  failed(failure: Failure, error: unknown): void {
    this.#tellAndRelease({ failures: [failure] }, error);
  }

  /** Settles a request that proves nothing. */
  ignored(): void {
    this.#tellAndRelease({});
  }

  /** Releases the permits of a request that was not sent. */
  notSent(): void {
    this.#settlement.release();
  }

  /** Creates the object on each use, because most requests show nothing new about their images. */
  get #images(): ImagesInFlight {
    return new ImagesInFlight(this.#facts, this.#upstreams);
  }

  #tellAndRelease(facts: Partial<CallFacts>, error?: unknown): void {
    this.#settlement.tell(facts, error);
    this.#settlement.release();
  }
}

/** The proofs of a request that proves nothing about its upstreams. */
const NO_PROOFS = { proven: new Set<string>(), likely: new Set<string>() };
