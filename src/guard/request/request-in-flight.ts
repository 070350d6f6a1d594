/** One request from its admission to its settlement: the permits it holds and who is to be told. */

import type { Failure, SessionResponse } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { NamedUpstream, QueryReading } from "../../attribution/query/query-reading.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { announceOnce } from "../../breaker/announce.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { CallPermit } from "../../breaker/permit.js";
import { noteSessionIds } from "../../policies/last-good-scope.js";
import { countSpared } from "../admission/spared-requests.js";
import type { Guard } from "../guard.js";
import { settleLater } from "../judgement/pending-settlements.js";
import {
  NO_PROOFS,
  onlyCommandsFailed,
  type Proofs,
  releaseUpstreams,
  settleBlamed,
  settleBySpans,
  settleEngineByAnswer,
  settleEngineByError,
  settleOthers,
  type UpstreamInFlight,
} from "../judgement/settling.js";
import { type RequestWitness, WITNESS_WITHIN_MS } from "../judgement/witness.js";
import type { RequestLocks } from "../locks/request-locks.js";
import type { SessionEngine } from "../locks/session-engine.js";
import { idsOf } from "./answer-ids.js";
import { ImagesInFlight } from "./images-in-flight.js";
import type { Dependencies, SessionMemory } from "./session-memory.js";

/** What a request is judged by. */
export interface RequestFacts {
  readonly guard: Guard;
  readonly memory: SessionMemory;
  readonly engine: SessionEngine;
  readonly locks: RequestLocks;
  readonly reading: QueryReading;
  readonly dependencies: Dependencies;
}

/** What can be learnt for the settlement beside the answer. */
export interface SettlementSources {
  readonly witness: RequestWitness | undefined;
  /** Asks for the engine's version. Returns what is still to be waited for. */
  readonly learnEngine: () => Promise<void> | undefined;
}

/** A request that was let in. It is settled once, in one of its ways. */
export class RequestInFlight {
  readonly #guard: Guard;
  readonly #memory: SessionMemory;
  readonly #reading: QueryReading;
  readonly #dependencies: Dependencies;
  readonly #facts: RequestFacts;
  readonly #engine: CallPermit;
  readonly #upstreams: ReadonlyMap<string, UpstreamInFlight>;
  readonly #images: ImagesInFlight;
  #didAll = false;

  private constructor(
    facts: RequestFacts,
    engine: CallPermit,
    upstreams: ReadonlyMap<string, UpstreamInFlight>,
  ) {
    this.#facts = facts;
    this.#guard = facts.guard;
    this.#memory = facts.memory;
    this.#reading = facts.reading;
    this.#dependencies = facts.dependencies;
    this.#engine = engine;
    this.#upstreams = upstreams;
    const { guard, locks, reading, dependencies } = facts;
    this.#images = new ImagesInFlight(guard.lockedPulls, locks, reading, dependencies, upstreams);
  }

  /**
   * Asks the breaker of the engine and those of the upstreams that the request may contact.
   *
   * @param signal Ends the wait, if the guard is told to wait.
   * @throws What `Guard.admit` throws.
   */
  static async admit(
    facts: RequestFacts,
    signal: AbortSignal | undefined,
  ): Promise<RequestInFlight> {
    const { guard, dependencies } = facts;
    const { engine } = guard;
    if (dependencies.all.size === 0) {
      const [permit] = await guard.admit([engine], signal);
      return new RequestInFlight(facts, permit as CallPermit, NO_UPSTREAMS);
    }
    const breakers = new Map<string, CircuitBreaker>();
    for (const name of dependencies.all) {
      const breaker = guard.upstream(name);
      if (breaker !== undefined) breakers.set(name, breaker);
    }
    const gated = [...breakers].filter(([name]) => dependencies.gated.has(name));
    const asked = [engine, ...gated.map(([, breaker]) => breaker)];
    const [permit, ...permits] = await guard.admit(asked, signal).catch((error) => {
      countSpared(error, breakers, dependencies);
      throw error;
    });
    const held = new Map(gated.map(([name], index) => [name, permits[index]]));
    const upstreams = upstreamsInFlight(guard, breakers, held, dependencies);
    return new RequestInFlight(facts, permit as CallPermit, upstreams);
  }

  /** Whether its answer has shown that it used all it names, at least up to a command that failed. */
  get didAll(): boolean {
    return this.#didAll;
  }

  /**
   * Whether the engine's version decides what its success tells: only an engine before lock files asks
   * for each tag. The success of a breaker that has met no failure changes nothing, so it is not asked then.
   */
  get needsVersion(): boolean {
    for (const name of this.#dependencies.provenByTag) {
      const upstream = this.#upstreams.get(name);
      if (upstream !== undefined && this.#guard.isInDoubt(upstream.breaker)) return true;
    }
    return false;
  }

  /** What it names, and what the ids in it stand for. */
  get references(): readonly NamedUpstream[] {
    return this.#dependencies.references;
  }

  /**
   * Settles all by an answer, and learns from it. Upstreams that it does not blame are settled once the
   * witness has been heard, if there is one.
   *
   * @returns What is still to be settled; undefined when nothing is.
   */
  answered(
    failures: readonly Failure[],
    answer: SessionResponse,
    sources: SettlementSources,
  ): Promise<void> | undefined {
    if (this.#reading.rootField === "version") this.#facts.engine.note(answer);
    settleEngineByAnswer(this.#engine, failures);
    const settlement = this.#settleUpstreams(failures, sources);
    this.#didAll = onlyCommandsFailed(failures);
    if (this.#didAll) this.#memory.learn(this.#reading, this.#dependencies);
    if (failures.length === 0 && this.#reading.idKeys.size > 0) {
      const ids = idsOf(answer, this.#reading.idKeys);
      this.#memory.learnIds(ids, this.#dependencies);
      noteSessionIds(ids);
    }
    return settlement;
  }

  /**
   * A timeout of ours has dropped the request, and the engine was not to blame. An upstream is only
   * when the request names it and its witness saw an exchange with it hang until then.
   */
  timedOut(seen: Promise<readonly Evidence[] | undefined> | undefined): void {
    this.#engine.ignore();
    if (seen === undefined) releaseUpstreams(this.#upstreams);
    else void this.#settleAfter(seen, (evidence) => this.#blameHanging(evidence ?? []));
  }

  /** Holds its permits until `settlement` is done: its caller has been told already. */
  settledBy(settlement: Promise<unknown>): void {
    const done = settlement.catch((error) => {
      announceOnce(this.#guard, "the guard", "the settlement of a timeout", error);
      this.notSent();
    });
    settleLater([this.#guard.engine, ...this.#gatedBreakers()], done);
  }

  #settleUpstreams(
    failures: readonly Failure[],
    { witness, learnEngine }: SettlementSources,
  ): Promise<void> | undefined {
    const { rateLimitOpenMs } = this.#guard.settings;
    this.#images.failed(failures);
    const blamed = settleBlamed(this.#upstreams, failures, rateLimitOpenMs);
    const settle = (evidence: readonly Evidence[] | undefined) => {
      const strangers = settleOthers(this.#upstreams, {
        failures,
        blamed,
        ...this.#provenBy(failures),
        evidence,
        rateLimitOpenMs,
      });
      for (const [name, seen] of strangers) this.#recordStranger(name, seen);
      this.#images.seenFailing(failures.some(({ counts }) => counts) ? (evidence ?? []) : []);
      this.#images.learnOfLocks(failures, evidence ?? []);
    };
    const doubt = this.needsVersion && onlyCommandsFailed(failures);
    const settleKnowing = (evidence: readonly Evidence[] | undefined) => {
      const learning = doubt && evidence === undefined ? learnEngine() : undefined;
      return learning === undefined ? settle(evidence) : learning.then(() => settle(evidence));
    };
    if (witness !== undefined) {
      return this.#settleAfter(witness.evidence(WITNESS_WITHIN_MS), settleKnowing);
    }
    const learning = doubt ? learnEngine() : undefined;
    if (learning !== undefined) return this.#settleAfter(learning.then(NOTHING_SEEN), settle);
    settle(undefined);
    return undefined;
  }

  /** Settles once a witness was heard, or could not be; whatever happens, no permit is kept. */
  #settleAfter(
    evidence: Promise<readonly Evidence[] | undefined>,
    settle: (evidence: readonly Evidence[] | undefined) => void | Promise<void>,
  ): Promise<void> {
    const settlement = evidence
      .catch(() => undefined)
      .then(settle)
      .catch((error) => announceOnce(this.#guard, "the guard", "the settlement by spans", error))
      .then(() => releaseUpstreams(this.#upstreams));
    settleLater(this.#gatedBreakers(), settlement);
    return settlement;
  }

  #gatedBreakers(): readonly CircuitBreaker[] {
    const gated = [...this.#upstreams.values()].filter(({ isGated }) => isGated);
    return gated.map(({ breaker }) => breaker);
  }

  /** A host that only spans know is not gated by them, but requests that name it will find it. */
  #recordStranger(name: string, seen: Evidence): void {
    const { settings } = this.#guard;
    const failed = seen.outcome !== "answered";
    const breaker = failed ? this.#guard.upstream(name) : settings.registry.find(name);
    if (breaker === undefined) return;
    settleBySpans(this.#guard.unasked(breaker), seen, settings.rateLimitOpenMs);
  }

  #blameHanging(evidence: readonly Evidence[]): void {
    this.#images.hung(evidence);
    for (const seen of evidence) {
      const upstream = this.#upstreams.get(breakerName(seen.kind, seen.servesHost));
      if (seen.outcome !== "failed" || upstream === undefined || upstream.onlyDeclared) continue;
      settleBySpans(upstream.permit, seen, this.#guard.settings.rateLimitOpenMs);
    }
  }

  /** An engine that reads lock files asks for no tag that one names, in whatever folder that is. */
  #provenBy(failures: readonly Failure[]): Proofs {
    const recovered = this.#images.recovered(failures);
    if (this.#upstreams.size === 0 || !onlyCommandsFailed(failures)) return NO_PROOFS;
    const { proven, provenBeforeCommand, provenByTag } = this.#dependencies;
    const certain = [...(failures.length === 0 ? proven : provenBeforeCommand), ...recovered];
    if (this.#facts.engine.readsLocks === true) {
      return { proven: new Set(certain), likely: provenByTag };
    }
    return { proven: new Set([...certain, ...provenByTag]), likely: NO_PROOFS.likely };
  }

  /** Settles all by an error that came instead of an answer. */
  failed(failure: Failure, error: unknown): void {
    settleEngineByError(this.#engine, failure, error);
    releaseUpstreams(this.#upstreams);
  }

  /** The engine failed without a word. */
  engineFailed(record: unknown): void {
    this.#engine.failure(record);
    releaseUpstreams(this.#upstreams);
  }

  /** Nothing can be said of anybody. */
  ignored(): void {
    this.#engine.ignore();
    releaseUpstreams(this.#upstreams);
  }

  /** The request was not sent after all. */
  notSent(): void {
    this.#engine.release();
    releaseUpstreams(this.#upstreams);
  }
}

const NO_UPSTREAMS: ReadonlyMap<string, UpstreamInFlight> = new Map();

const NOTHING_SEEN = (): undefined => undefined;

function upstreamsInFlight(
  guard: Guard,
  breakers: ReadonlyMap<string, CircuitBreaker>,
  held: ReadonlyMap<string, CallPermit | undefined>,
  { named }: Dependencies,
): ReadonlyMap<string, UpstreamInFlight> {
  const upstreams = new Map<string, UpstreamInFlight>();
  for (const [name, breaker] of breakers) {
    const permit = held.get(name);
    upstreams.set(name, {
      breaker,
      permit: permit ?? guard.unasked(breaker),
      isGated: permit !== undefined,
      onlyDeclared: !named.has(name),
    });
  }
  return upstreams;
}
