/** One session to an engine: every request of it passes through here. */

import { classifyFailure } from "../attribution/classify/classify-failure.js";
import { classifyResponse } from "../attribution/classify/classify-response.js";
import type { Failure, GraphQLRequest, SessionResponse } from "../attribution/failure.js";
import {
  type NamedUpstream,
  type QueryReading,
  readQuery,
} from "../attribution/query/query-reading.js";
import type { Evidence } from "../attribution/spans/evidence.js";
import { refuseUnderLastGood } from "../policies/fallback/last-good-scope.js";
import { isTimeoutError } from "../policies/timeout.js";
import type { SessionLostError } from "./errors.js";
import type { Guard } from "./guard.js";
import { type RequestWitness, WITNESS_WITHIN_MS } from "./judgement/witness.js";
import { RequestLocks } from "./locks/request-locks.js";
import { type BoundedCall, BoundedCalls } from "./request/calls.js";
import { RequestInFlight, type SettlementSources } from "./request/request-in-flight.js";
import { askVersion, SILENT, VERSION_QUERY } from "./request/version-question.js";
import { breakersOfMirrors, chooseMirrors, withAddresses } from "./rewrite/mirrors.js";
import { type PinnedRequest, tagsOf } from "./rewrite/pinning.js";
import { SessionState } from "./session-state.js";

/**
 * Sends a request and resolves to the answer. Aborting the signal, if there is one, must drop the
 * connection and reject, so that the engine stops working on the request.
 */
export type Exchange<A extends SessionResponse> = (
  request: GraphQLRequest,
  signal: AbortSignal | undefined,
) => Promise<A>;

/** How long it may take to tell the digests of images that it has just used: it needs 2 ms. */
const QUESTION_TIMEOUT_MS = 2000;

/** `"ask"` asks the session whether it lives; `"lost"` takes it for lost, where no other question may be sent. */
export type WhenCut = "ask" | "lost";

/** What may come along with a request. */
export interface RequestCompanions {
  /** Has seen the request from inside the engine; without one the answer alone decides. */
  readonly witness?: RequestWitness | undefined;
  /** Ends this one request when it is aborted, as when its caller has gone; nobody is to blame then. */
  readonly signal?: AbortSignal | undefined;
}

const NO_SOURCES: SettlementSources = { witness: undefined, learnEngine: () => undefined };

/** Guards the requests of one session. */
export class GuardedSession {
  readonly #guard: Guard;
  readonly #calls: BoundedCalls;
  readonly #state: SessionState;
  readonly #whenCut: WhenCut;

  /**
   * @param state What is known of the session, when another guard knows it already.
   * @param whenCut What a connection that is cut says of its session.
   */
  constructor(guard: Guard, state = new SessionState(), whenCut: WhenCut = "lost") {
    this.#guard = guard;
    this.#calls = new BoundedCalls(guard.settings.signal);
    this.#state = state;
    this.#whenCut = whenCut;
  }

  /** The error that requests of this session meet once it is lost. */
  get lost(): SessionLostError | undefined {
    return this.#state.lost;
  }

  /**
   * Sends a request if its breakers admit it, and settles them by the answer.
   *
   * @param exchange Sends the request, which is another than the one given when an image is asked of
   * a mirror, and after a time-out another one on the same session.
   * @throws SessionLostError when the session is lost; CircuitBreakerOpenError when a breaker
   * refuses; TimeoutError after `operationTimeoutMs`, the wait to be let in included; the reason of
   * the guard's signal or of the request's own; LastGoodRefusedError for what no `lastGood` can stand in for; and whatever
   * the exchange fails with, untouched.
   */
  async request<A extends SessionResponse>(
    given: GraphQLRequest,
    exchange: Exchange<A>,
    companions: RequestCompanions = {},
  ): Promise<A> {
    try {
      return await this.#request(given, exchange, companions);
    } finally {
      companions.witness?.end();
    }
  }

  async #request<A extends SessionResponse>(
    given: GraphQLRequest,
    exchange: Exchange<A>,
    { witness, signal }: RequestCompanions,
  ): Promise<A> {
    const { operationTimeoutMs, onOpen, onLocked, pin } = this.#guard.settings;
    if (this.lost !== undefined) throw this.lost;
    this.#guard.settings.signal?.throwIfAborted();
    signal?.throwIfAborted();
    const { lockFile, engine } = this.#state;
    const locks = new RequestLocks(lockFile, engine, this.#guard.lockedPulls);
    const pinned = this.#pinned(await this.#mirrored(given, locks), locks);
    const { request } = pinned;
    const reading = readQuery(request);
    for (const effect of ["publish", "export"] as const) {
      if (reading.sideEffects.has(effect)) refuseUnderLastGood(effect);
    }
    const waits = onOpen === "wait";
    const call = this.#calls.begin({ timeoutMs: operationTimeoutMs, waits, signal });
    try {
      const inFlight = await this.#admit(reading, call, locks);
      for (const effect of reading.sideEffects) this.#state.sideEffects.add(effect);
      locks.announce(reading.named, onLocked);
      pin?.announce(pinned, (name) => this.#guard.upstream(name));
      const answer = await this.#send(request, exchange, inFlight, call, witness);
      if (inFlight.didAll) this.#learnDigests(reading, inFlight.references, exchange);
      return answer;
    } finally {
      call.end();
    }
  }

  /** The request with images of refusing registries asked of their mirrors. */
  async #mirrored(request: GraphQLRequest, locks: RequestLocks): Promise<GraphQLRequest> {
    const { mirrors, pin } = this.#guard.settings;
    if (Object.keys(mirrors).length === 0) return request;
    const reading = readQuery(request);
    const images = this.#state.memory.imagesToAsk(reading, locks, pin);
    await this.#guard.refresh(breakersOfMirrors(images, mirrors));
    const chosen = chooseMirrors(images, mirrors, (name) => this.#guard.admits(name));
    if (chosen.size === 0) return request;
    return withAddresses(request, withLockedDigests(chosen, reading.named, locks));
  }

  /** The request with images by their known digests, where the user wants that. */
  #pinned(request: GraphQLRequest, locks: RequestLocks): PinnedRequest {
    const { pin } = this.#guard.settings;
    return pin?.pin(request, readQuery(request), locks) ?? { request, digests: new Map() };
  }

  /** Learns from a request that has used what it names, without anybody waiting for it. */
  #learnDigests(
    reading: QueryReading,
    references: readonly NamedUpstream[],
    exchange: Exchange<SessionResponse>,
  ): void {
    const { pin } = this.#guard.settings;
    if (pin === undefined) return;
    if (reading.usesContents) pin.prove(references);
    const tags = tagsOf(reading).filter(({ key }) => this.#state.memory.learnsDigest(key));
    if (tags.length === 0) return;
    this.#state.ask(async () => {
      const call = this.#calls.begin({ timeoutMs: QUESTION_TIMEOUT_MS });
      try {
        await pin.learn(tags, (question) => exchange(question, call.signal));
      } finally {
        call.end();
      }
    });
  }

  /** Takes the permits, unless the session was lost or the caller left meanwhile. */
  async #admit(
    reading: QueryReading,
    call: BoundedCall,
    locks: RequestLocks,
  ): Promise<RequestInFlight> {
    const { memory, engine } = this.#state;
    const { needs, pin } = this.#guard.settings;
    const dependencies = memory.dependencies(reading, needs, pin, locks);
    const inFlight = await this.#state.wait(call, () =>
      RequestInFlight.admit(
        { guard: this.#guard, memory, engine, locks, reading, dependencies },
        call.signal,
      ),
    );
    if (this.lost === undefined && !call.signal?.aborted) return inFlight;
    inFlight.notSent();
    throw this.lost ?? call.signal?.reason;
  }

  async #send<A extends SessionResponse>(
    request: GraphQLRequest,
    exchange: Exchange<A>,
    inFlight: RequestInFlight,
    { signal }: BoundedCall,
    witness: RequestWitness | undefined,
  ): Promise<A> {
    const learnEngine = () => this.#learnEngine(exchange);
    try {
      const answering = exchange(request, signal);
      // While the request runs, so that a probe is judged as soon as it is answered.
      if (inFlight.needsVersion && witness === undefined) learnEngine();
      const answer = await answering;
      const failures = classifyResponse(answer, { query: request });
      this.#settleByAnswer(inFlight, failures, answer, { witness, learnEngine });
      return answer;
    } catch (error) {
      if (!signal?.aborted) {
        const failure = classifyFailure(error, { query: request });
        const asks = failure.sessionLost && this.#whenCut === "ask";
        if (asks && (await this.#lives(exchange))) inFlight.ignored();
        else this.#settleByError(inFlight, failure, error);
        throw error;
      }
      if (isTimeoutError(signal.reason)) {
        witness?.dropped(this.#guard.settings.operationTimeoutMs ?? 0);
        this.#settleLater(inFlight, exchange, witness);
      } else inFlight.ignored();
      throw signal.reason;
    }
  }

  #settleByAnswer(
    inFlight: RequestInFlight,
    failures: readonly Failure[],
    answer: SessionResponse,
    sources: SettlementSources = NO_SOURCES,
  ): void {
    const lost = failures.find(({ sessionLost }) => sessionLost);
    if (lost !== undefined && !this.#state.lose(lost)) {
      inFlight.ignored();
      return;
    }
    const settlement = inFlight.answered(failures, answer, sources);
    // Others can hear only of what is settled before the session ends: the process may end with it.
    if (settlement !== undefined && this.#guard.settings.fleet !== undefined) {
      this.#state.ask(() => settlement);
    }
  }

  #settleByError(inFlight: RequestInFlight, failure: Failure, error: unknown): void {
    if (!failure.sessionLost || this.#state.lose(failure, error)) inFlight.failed(failure, error);
    else inFlight.ignored();
  }

  /** Asks the engine for its version, once in a session. Returns what is still to be waited for. */
  #learnEngine(exchange: Exchange<SessionResponse>): Promise<void> | undefined {
    const learning = this.#state.engine.learn(async () => {
      const call = this.#calls.begin({ timeoutMs: WITNESS_WITHIN_MS });
      try {
        return await exchange(VERSION_QUERY, call.signal);
      } finally {
        call.end();
      }
    });
    // A session that ends before the answer would leave the probe to what an older engine means by it.
    if (learning !== undefined) this.#state.ask(() => learning);
    return learning;
  }

  /**
   * A connection that is cut may be that of one request alone, so the session itself is asked before it
   * counts as lost. Requests that are cut at the same time share one question.
   */
  #lives(exchange: Exchange<SessionResponse>): Promise<boolean> {
    return this.#state.inquire(async () => {
      const asked = await askVersion(this.#calls, exchange);
      return asked.kind === "answered" && !asked.failures.some(({ sessionLost }) => sessionLost);
    });
  }

  /** Settles a request that has timed out. Its caller does not wait for that, the end of the session does. */
  #settleLater(
    inFlight: RequestInFlight,
    exchange: Exchange<SessionResponse>,
    witness: RequestWitness | undefined,
  ): void {
    // What was seen is asked for now, since the witness is let go when its request ends.
    const seen = witness?.evidence(WITNESS_WITHIN_MS).catch(() => undefined);
    const settlement = this.#settleByVersion(inFlight, exchange, seen);
    inFlight.settledBy(settlement);
    this.#state.ask(() => settlement);
  }

  /**
   * After a timeout only the engine itself can tell whether it was to blame: one that cannot even
   * say its version is, and one that can was busy with something that did not end. No upstream is
   * blamed merely because the request names it.
   */
  async #settleByVersion(
    inFlight: RequestInFlight,
    exchange: Exchange<SessionResponse>,
    seen: Promise<readonly Evidence[] | undefined> | undefined,
  ): Promise<void> {
    const asked = await askVersion(this.#calls, exchange);
    if (asked.kind === "answered") {
      if (asked.failures.length === 0) inFlight.timedOut(seen);
      else this.#settleByAnswer(inFlight, asked.failures, asked.answer);
      return;
    }
    const { kind, error } = asked;
    if (kind === "silent") inFlight.failed(SILENT, error);
    else if (kind === "aborted") inFlight.ignored();
    else {
      const failure = classifyFailure(error);
      if (failure.sessionLost && this.#state.endsUnseen) inFlight.ignored();
      else this.#settleByError(inFlight, failure, error);
    }
  }
}

/** A locked image is asked of its mirror by its digest; one with several digests, of no mirror. */
function withLockedDigests(
  chosen: ReadonlyMap<string, string>,
  named: readonly NamedUpstream[],
  locks: RequestLocks,
): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  for (const [reference, address] of chosen) {
    const digest = locks.onlyDigestOf(reference, named);
    if (digest !== null) {
      addresses.set(reference, digest === undefined ? address : `${address}@${digest}`);
    }
  }
  return addresses;
}
