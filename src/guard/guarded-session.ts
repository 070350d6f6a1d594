/** One session to an engine: every request of it passes through here. */

import { classifyFailure } from "../attribution/classify-failure.js";
import { classifyResponse } from "../attribution/classify-response.js";
import type { Failure, GraphQLRequest, SessionResponse } from "../attribution/failure.js";
import { type QueryReading, readQuery, type SideEffect } from "../attribution/query-reading.js";
import { isTimeoutError } from "../policies/timeout.js";
import { Calls } from "./calls.js";
import { SessionLostError } from "./errors.js";
import { recordOf } from "./failure-record.js";
import type { Guard } from "./guard.js";
import { chooseMirrors, withAddresses } from "./mirrors.js";
import { RequestInFlight } from "./request-in-flight.js";
import { SessionMemory } from "./session-memory.js";
import { errorName } from "./settling.js";

/**
 * Sends a request and resolves to the answer. Aborting the signal, if there is one, must drop the connection and
 * reject, so that the engine stops working on the request.
 */
export type Exchange<A extends SessionResponse> = (
  request: GraphQLRequest,
  signal: AbortSignal | undefined,
) => Promise<A>;

/** How long the engine may take to tell its version after a request has timed out. */
const VERSION_TIMEOUT_MS = 2000;

const VERSION_QUERY: GraphQLRequest = { query: "{ version }" };

/** Guards the requests of one session. A session that is lost once stays lost. */
export class GuardedSession {
  readonly #guard: Guard;
  readonly #calls: Calls;
  readonly #memory = new SessionMemory();
  readonly #sideEffects = new Set<SideEffect>();
  #lost: SessionLostError | undefined;

  constructor(guard: Guard) {
    this.#guard = guard;
    this.#calls = new Calls(guard.settings.signal);
  }

  /** The error that requests of this session meet once it is lost. */
  get lost(): SessionLostError | undefined {
    return this.#lost;
  }

  /** What the requests that were sent in this session may have done beside reading. */
  get sideEffects(): ReadonlySet<SideEffect> {
    return this.#sideEffects;
  }

  /**
   * Sends a request if its breakers admit it, and settles them by the answer.
   *
   * @param exchange Sends the request, which is another than the one given when an image is asked of
   * a mirror, and after a time-out another one on the same session.
   * @throws SessionLostError when the session is lost; CircuitBreakerOpenError when a breaker
   * refuses; TimeoutError after `operationTimeoutMs`; the reason of the guard's signal; and whatever
   * the exchange fails with, untouched.
   */
  async request<A extends SessionResponse>(
    given: GraphQLRequest,
    exchange: Exchange<A>,
  ): Promise<A> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#guard.settings.signal?.throwIfAborted();
    const request = this.#mirrored(given);
    const reading = readQuery(request);
    const inFlight = await this.#admit(reading);
    for (const effect of reading.sideEffects) this.#sideEffects.add(effect);
    const call = this.#calls.begin(this.#guard.settings.operationTimeoutMs);
    try {
      const answer = await exchange(request, call.signal);
      this.#settleByAnswer(inFlight, classifyResponse(answer, { query: request }), answer);
      return answer;
    } catch (error) {
      if (!call.signal?.aborted) {
        this.#settleByError(inFlight, classifyFailure(error, { query: request }), error);
        throw error;
      }
      if (isTimeoutError(call.signal.reason)) await this.#settleByVersion(inFlight, exchange);
      else inFlight.ignored();
      throw call.signal.reason;
    } finally {
      call.end();
    }
  }

  /** The request with images of refusing registries asked of their mirrors. */
  #mirrored(request: GraphQLRequest): GraphQLRequest {
    const { mirrors } = this.#guard.settings;
    if (Object.keys(mirrors).length === 0) return request;
    const images = this.#memory.imagesToAsk(readQuery(request));
    const chosen = chooseMirrors(images, mirrors, (name) => this.#guard.admits(name));
    return chosen.size === 0 ? request : withAddresses(request, chosen);
  }

  /** Takes the permits, unless the session was lost or the caller left meanwhile. */
  async #admit(reading: QueryReading): Promise<RequestInFlight> {
    const inFlight = await RequestInFlight.admit(this.#guard, this.#memory, reading);
    const { signal } = this.#guard.settings;
    if (this.#lost === undefined && !signal?.aborted) return inFlight;
    inFlight.notSent();
    throw this.#lost ?? signal?.reason;
  }

  #settleByAnswer(
    inFlight: RequestInFlight,
    failures: readonly Failure[],
    answer: SessionResponse,
  ): void {
    const lost = failures.find(({ sessionLost }) => sessionLost);
    if (this.#isNews(lost, "GraphQLError")) inFlight.answered(failures, answer);
    else inFlight.ignored();
  }

  #settleByError(inFlight: RequestInFlight, failure: Failure, error: unknown): void {
    const lost = failure.sessionLost ? failure : undefined;
    if (this.#isNews(lost, errorName(error))) inFlight.failed(failure, error);
    else inFlight.ignored();
  }

  /** A lost session is one failure of the engine, however many requests were on their way in it. */
  #isNews(lost: Failure | undefined, name: string): boolean {
    if (lost === undefined) return true;
    if (this.#lost !== undefined) return false;
    this.#lost = new SessionLostError(recordOf(lost, name));
    return true;
  }

  /**
   * After a time-out only the engine itself can tell whether it was to blame: one that cannot even
   * say its version is, and one that can was busy with something that did not end. No upstream is
   * blamed merely because the request names it.
   */
  async #settleByVersion(
    inFlight: RequestInFlight,
    exchange: Exchange<SessionResponse>,
  ): Promise<void> {
    const call = this.#calls.begin(VERSION_TIMEOUT_MS);
    try {
      const answer = await exchange(VERSION_QUERY, call.signal);
      const failures = classifyResponse(answer, { query: VERSION_QUERY });
      if (failures.length === 0) inFlight.ignored();
      else this.#settleByAnswer(inFlight, failures, answer);
    } catch (error) {
      const { signal } = call;
      if (!signal?.aborted) this.#settleByError(inFlight, classifyFailure(error), error);
      else if (isTimeoutError(signal.reason))
        inFlight.engineFailed(recordOf(SILENT, "TimeoutError"));
      else inFlight.ignored();
    } finally {
      call.end();
    }
  }
}

/** An engine that does not answer the cheapest question. */
/** An engine that does not answer the cheapest question. */
const SILENT: Failure = {
  fault: "engine",
  upstream: null,
  upstreamKind: null,
  counts: true,
  limited: false,
  transient: true,
  retryAfterMs: null,
  answered: false,
  suspectedUpstream: null,
  sessionLost: false,
  rule: "engine-silent",
  reason: `the engine did not tell its version within ${VERSION_TIMEOUT_MS / 1000} s after a time-out`,
};
