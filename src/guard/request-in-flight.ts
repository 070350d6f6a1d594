/** One request from its admission to its settlement: the permits it holds and who is to be told. */

import type { Failure, SessionResponse } from "../attribution/failure.js";
import type { QueryReading } from "../attribution/query-reading.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Permit } from "../breaker/permit.js";
import { noteSessionIds } from "../policies/last-good-scope.js";
import { idsOf } from "./answer-ids.js";
import type { Guard } from "./guard.js";
import type { Dependencies, SessionMemory } from "./session-memory.js";
import {
  onlyCommandsFailed,
  releaseUpstreams,
  settleEngineByAnswer,
  settleEngineByError,
  settleUpstreams,
  type UpstreamInFlight,
} from "./settling.js";
import { countSpared } from "./spared-requests.js";

/** A request that was let in. It is settled once, in one of its ways. */
export class RequestInFlight {
  readonly #guard: Guard;
  readonly #memory: SessionMemory;
  readonly #reading: QueryReading;
  readonly #dependencies: Dependencies;
  readonly #engine: Permit;
  readonly #upstreams: ReadonlyMap<string, UpstreamInFlight>;

  private constructor(
    guard: Guard,
    memory: SessionMemory,
    reading: QueryReading,
    dependencies: Dependencies,
    engine: Permit,
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
    signal: AbortSignal | undefined,
  ): Promise<RequestInFlight> {
    const dependencies = memory.dependencies(reading, guard.settings.needs);
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
    const upstreams = upstreamsInFlight(breakers, held, dependencies);
    return new RequestInFlight(guard, memory, reading, dependencies, permit as Permit, upstreams);
  }

  /** Settles all by an answer, and learns from it. */
  answered(failures: readonly Failure[], answer: SessionResponse): void {
    settleEngineByAnswer(this.#engine, failures);
    const proven = this.#provenBy(failures);
    settleUpstreams(this.#upstreams, failures, proven, this.#guard.settings.rateLimitOpenMs);
    if (onlyCommandsFailed(failures)) this.#memory.learn(this.#reading, this.#dependencies);
    if (failures.length === 0 && this.#reading.idKeys.size > 0) {
      const ids = idsOf(answer, this.#reading.idKeys);
      this.#memory.learnIds(ids, this.#dependencies);
      noteSessionIds(ids);
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
  breakers: ReadonlyMap<string, CircuitBreaker>,
  held: ReadonlyMap<string, Permit | undefined>,
  { named }: Dependencies,
): ReadonlyMap<string, UpstreamInFlight> {
  const upstreams = new Map<string, UpstreamInFlight>();
  for (const [name, breaker] of breakers) {
    const permit = held.get(name);
    const generation = permit?.generation ?? breaker.getMetrics().generation;
    upstreams.set(name, { breaker, permit, generation, onlyDeclared: !named.has(name) });
  }
  return upstreams;
}
