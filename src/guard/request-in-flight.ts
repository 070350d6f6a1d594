/** One request from its admission to its settlement: the permits it holds and who is to be told. */

import type { Failure, SessionResponse } from "../attribution/failure.js";
import { breakerName } from "../attribution/hosts.js";
import type { NamedUpstream, QueryReading } from "../attribution/query-reading.js";
import type { Evidence } from "../attribution/spans/evidence.js";
import { announceOnce } from "../breaker/announce.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { CallPermit } from "../breaker/permit.js";
import { noteSessionIds } from "../policies/last-good-scope.js";
import { idsOf } from "./answer-ids.js";
import type { Guard } from "./guard.js";
import { settleLater } from "./pending-settlements.js";
import type { Dependencies, SessionMemory } from "./session-memory.js";
import {
  onlyCommandsFailed,
  releaseUpstreams,
  settleBlamed,
  settleBySpans,
  settleEngineByAnswer,
  settleEngineByError,
  settleOthers,
  type UpstreamInFlight,
} from "./settling.js";
import { countSpared } from "./spared-requests.js";
import { type RequestWitness, WITNESS_WITHIN_MS } from "./witness.js";

/** A request that was let in. It is settled once, in one of its ways. */
export class RequestInFlight {
  readonly #guard: Guard;
  readonly #memory: SessionMemory;
  readonly #reading: QueryReading;
  readonly #dependencies: Dependencies;
  readonly #engine: CallPermit;
  readonly #upstreams: ReadonlyMap<string, UpstreamInFlight>;
  #didAll = false;

  private constructor(
    guard: Guard,
    memory: SessionMemory,
    reading: QueryReading,
    dependencies: Dependencies,
    engine: CallPermit,
    upstreams: ReadonlyMap<string, UpstreamInFlight>,
  ) {
    this.#guard = guard;
    this.#memory = memory;
    this.#reading = reading;
    this.#dependencies = dependencies;
    this.#engine = engine;
    this.#upstreams = upstreams;
  }

  /**
   * Asks the breaker of the engine and those of the upstreams that the request may contact.
   *
   * @param signal Ends the wait, if the guard is told to wait.
   * @throws What `Guard.admit` throws.
   */
  static async admit(
    guard: Guard,
    memory: SessionMemory,
    reading: QueryReading,
    dependencies: Dependencies,
    signal: AbortSignal | undefined,
  ): Promise<RequestInFlight> {
    const { engine } = guard;
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
    return new RequestInFlight(
      guard,
      memory,
      reading,
      dependencies,
      permit as CallPermit,
      upstreams,
    );
  }

  /** Whether its answer has shown that it used all it names, at least up to a command that failed. */
  get didAll(): boolean {
    return this.#didAll;
  }

  /** What it names, and what the ids in it stand for. */
  get references(): readonly NamedUpstream[] {
    return this.#dependencies.references;
  }

  /**
   * Settles all by an answer, and learns from it. Upstreams that it does not blame are settled once the
   * witness has been heard, if there is one.
   */
  answered(
    failures: readonly Failure[],
    answer: SessionResponse,
    witness: RequestWitness | undefined,
  ): void {
    settleEngineByAnswer(this.#engine, failures);
    this.#settleUpstreams(failures, this.#provenBy(failures), witness);
    this.#didAll = onlyCommandsFailed(failures);
    if (this.#didAll) this.#memory.learn(this.#reading, this.#dependencies);
    if (failures.length === 0 && this.#reading.idKeys.size > 0) {
      const ids = idsOf(answer, this.#reading.idKeys);
      this.#memory.learnIds(ids, this.#dependencies);
      noteSessionIds(ids);
    }
  }

  /**
   * A time-out of ours has dropped the request, and the engine was not to blame. An upstream is only
   * when the request names it and its witness saw an exchange with it hang until then.
   */
  timedOut(witness: RequestWitness | undefined): void {
    this.#engine.ignore();
    if (witness === undefined) releaseUpstreams(this.#upstreams);
    else this.#settleWith(witness, (seen) => this.#blameHanging(seen ?? []));
  }

  #settleUpstreams(
    failures: readonly Failure[],
    proven: ReadonlySet<string>,
    witness: RequestWitness | undefined,
  ): void {
    const { rateLimitOpenMs } = this.#guard.settings;
    const blamed = settleBlamed(this.#upstreams, failures, rateLimitOpenMs);
    const settle = (evidence: readonly Evidence[] | undefined) => {
      const strangers = settleOthers(this.#upstreams, {
        failures,
        blamed,
        proven,
        evidence,
        rateLimitOpenMs,
      });
      for (const [name, seen] of strangers) this.#recordStranger(name, seen);
    };
    if (witness === undefined) settle(undefined);
    else this.#settleWith(witness, settle);
  }

  /** Settles once a witness was heard, or could not be; whatever happens, no permit is kept. */
  #settleWith(
    witness: RequestWitness,
    settle: (evidence: readonly Evidence[] | undefined) => void,
  ): void {
    const settlement = witness
      .evidence(WITNESS_WITHIN_MS)
      .catch(() => undefined)
      .then(settle)
      .catch((error) => announceOnce(this.#guard, "the guard", "the settlement by spans", error))
      .then(() => releaseUpstreams(this.#upstreams));
    const held = [...this.#upstreams.values()].filter(({ isGated }) => isGated);
    settleLater(
      held.map(({ breaker }) => breaker),
      settlement,
    );
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
    for (const seen of evidence) {
      const upstream = this.#upstreams.get(breakerName(seen.kind, seen.servesHost));
      if (seen.outcome !== "failed" || upstream === undefined || upstream.onlyDeclared) continue;
      settleBySpans(upstream.permit, seen, this.#guard.settings.rateLimitOpenMs);
    }
  }

  #provenBy(failures: readonly Failure[]): ReadonlySet<string> {
    if (failures.length === 0) return this.#dependencies.proven;
    return onlyCommandsFailed(failures) ? this.#dependencies.provenBeforeCommand : NOBODY;
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

const NOBODY: ReadonlySet<string> = new Set();

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
