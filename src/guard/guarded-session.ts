/** Guards the requests of one session with an engine: admits, sends and settles each request. */

import { classifyTransportError } from "../attribution/classify/classifier.js";
import { classifyAnswer } from "../attribution/classify/decide-response.js";
import type { Failure, SessionResponse } from "../attribution/failure.js";
import type { NamedUpstream, ReadRequest } from "../attribution/query/named-upstream.js";
import type { Evidence } from "../attribution/spans/evidence.js";
import { refuseUnderLastGood } from "../policies/fallback/last-good-scope.js";
import { isTimeoutError } from "../policies/timeout.js";
import type { SessionLostError } from "./errors.js";
import type { Guard } from "./guard.js";
import { countsFor } from "./guard-counts.js";
import { type RequestTrace, TRACE_WITHIN_MS } from "./judgement/request-trace.js";
import { RequestLocks } from "./locks/lock-file.js";
import { type BoundedCall, BoundedCalls } from "./request/calls.js";
import { RequestInFlight, type SettlementSources } from "./request/request-in-flight.js";
import { askVersion, SILENT, VERSION_QUERY } from "./request/version-question.js";
import { type Pinning, tagsOf } from "./rewrite/pinning.js";
import { announceRewriting, rewrite } from "./rewritten-request.js";
import type { SessionLink } from "./session-link.js";
import { SessionState } from "./session-state.js";

/**
 * The longest wait for the digests of the images that a request has just used, in milliseconds. The engine
 * needs about 2 ms.
 */
const QUESTION_TIMEOUT_MS = 2000;

/**
 * The reaction to a cut connection. `"ask"` asks the session whether it is alive. `"lost"` assumes that the
 * session is lost, because some transports cannot send such a question.
 */
export type WhenCut = "ask" | "lost";

/** Optional facts and limits of a request. */
export interface RequestCompanions {
  /** The engine's spans for this request. Without spans, only the answer decides the outcomes. */
  readonly trace?: RequestTrace | undefined;
  /**
   * A signal whose abort ends this request, for example because the caller has left. No breaker counts such
   * an end as a failure.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called with the failures of an answer, or of the connection, before the request ends. */
  readonly onFailures?: ((failures: readonly Failure[]) => void) | undefined;
}

const NO_SOURCES: SettlementSources = { trace: undefined, learnEngine: () => undefined };

/** Guards the requests of one session. */
export class GuardedSession {
  readonly #guard: Guard;
  readonly #calls: BoundedCalls;
  readonly #state: SessionState;
  readonly #whenCut: WhenCut;
  /** Whether the guard's settings can end a request: by a timeout, a signal or a wait for admission. */
  readonly #mayEnd: boolean;

  /**
   * @param state The facts about the session. All guards of a session share one object.
   * @param whenCut The reaction to a cut connection of this session.
   */
  constructor(guard: Guard, state = new SessionState(), whenCut: WhenCut = "lost") {
    this.#guard = guard;
    const { signal, operationTimeoutMs, onOpen } = guard.settings;
    this.#calls = new BoundedCalls(signal);
    this.#mayEnd = Boolean(signal ?? operationTimeoutMs) || onOpen === "wait";
    this.#state = state;
    this.#whenCut = whenCut;
  }

  /** The error for further requests, if the session is known to be lost. Otherwise undefined. */
  get lost(): SessionLostError | undefined {
    return this.#state.lost;
  }

  /**
   * Sends a request if its breakers admit it, and settles its permits with the answer.
   *
   * @param given The parsed request, with positions of addresses if the guard may rewrite it.
   * @throws SessionLostError if the session is lost.
   * @throws CircuitBreakerOpenError if a breaker rejects.
   * @throws TimeoutError after `operationTimeoutMs`, including the wait for admission.
   * @throws LastGoodRefusedError for an effect that `lastGood` cannot replace.
   * @throws The reason of an aborted signal, or the error of sending, unchanged.
   */
  async request<A extends SessionResponse>(
    given: ReadRequest,
    link: SessionLink<A>,
    companions: RequestCompanions = {},
  ): Promise<A> {
    const { trace, signal } = companions;
    const { settings, lockedPulls } = this.#guard;
    let call: BoundedCall | undefined;
    try {
      if (this.#state.lost !== undefined) throw this.#state.lost;
      settings.signal?.throwIfAborted();
      signal?.throwIfAborted();
      const { lockFile, engine } = this.#state;
      const locks = new RequestLocks(lockFile, engine, lockedPulls);
      const pinned = settings.rewrites
        ? await rewrite(given, locks, this.#guard, this.#state.memory)
        : undefined;
      const read = pinned?.read ?? given;
      for (const effect of ["publish", "export"] as const) {
        if (read.sideEffects.has(effect)) refuseUnderLastGood(effect);
      }
      // Create a signal only if something can end the request. A signal costs more than the rest of a
      // guarded call.
      if (this.#mayEnd || signal !== undefined) call = this.#beginCall(signal);
      const inFlight = await this.#admit(read, call, locks);
      for (const effect of read.sideEffects) this.#state.sideEffects.add(effect);
      locks.announce(read.named, settings.onLocked, this.#guard);
      if (pinned !== undefined) announceRewriting(pinned, this.#guard);
      const answer = await this.#send(read, link, inFlight, call, companions);
      if (settings.pin !== undefined && inFlight.didAll) {
        this.#learnDigests(settings.pin, read, inFlight.references, link);
      }
      return answer;
    } finally {
      call?.end();
      trace?.end();
    }
  }

  #beginCall(signal: AbortSignal | undefined): BoundedCall {
    const { operationTimeoutMs: timeoutMs, onOpen } = this.#guard.settings;
    return this.#calls.begin({ timeoutMs, waits: onOpen === "wait", signal });
  }

  /** Records and counts the loss of the session. Returns whether the loss must count as a failure. */
  #lose(failure: Failure, error?: unknown): boolean {
    const counts = this.#state.lose(failure, error);
    if (counts) countsFor(this.#guard.engine).lostSessions += 1;
    return counts;
  }

  /**
   * Asks the engine for the digests of the tags that a request has just used. The caller does not wait for
   * the answer.
   */
  #learnDigests(
    pin: Pinning,
    read: ReadRequest,
    references: readonly NamedUpstream[],
    link: SessionLink<SessionResponse>,
  ): void {
    if (read.usesContents) pin.prove(references);
    const tags = tagsOf(read).filter(({ key }) => this.#state.memory.learnsDigest(key));
    if (tags.length === 0) return;
    this.#state.ask(async () => {
      const call = this.#calls.begin({ timeoutMs: QUESTION_TIMEOUT_MS });
      try {
        await pin.learn(tags, (question) => link.ask(question, call.signal));
      } finally {
        call.end();
      }
    });
  }

  /**
   * Takes the permits of a request. Releases them if the session was lost, or the call was aborted, during
   * the wait.
   */
  async #admit(
    read: ReadRequest,
    call: BoundedCall | undefined,
    locks: RequestLocks,
  ): Promise<RequestInFlight> {
    const { memory, engine, waiting } = this.#state;
    const { needs, pin } = this.#guard.settings;
    const dependencies = memory.dependencies(read, needs, pin, locks);
    if (call !== undefined) waiting.add(call);
    try {
      const inFlight = await RequestInFlight.admit(
        { guard: this.#guard, memory, engine, locks, read, dependencies },
        call?.signal,
      );
      if (this.#state.lost === undefined && !call?.signal?.aborted) return inFlight;
      inFlight.notSent();
      throw this.#state.lost ?? call?.signal?.reason;
    } finally {
      if (call !== undefined) waiting.delete(call);
    }
  }

  async #send<A extends SessionResponse>(
    read: ReadRequest,
    link: SessionLink<A>,
    inFlight: RequestInFlight,
    call: BoundedCall | undefined,
    { trace, onFailures }: RequestCompanions,
  ): Promise<A> {
    const signal = call?.signal;
    const learnEngine = () => this.#learnEngine(link);
    try {
      const answering = link.send(read.request, signal);
      // Ask for the version while the request runs. Then the outcome of a probe is known as soon as its
      // answer arrives.
      if (trace === undefined && inFlight.needsVersion) learnEngine();
      const answer = await answering;
      const failures = classifyAnswer(answer, read);
      onFailures?.(failures);
      this.#settleByAnswer(inFlight, failures, answer, { trace, learnEngine });
      return answer;
    } catch (error) {
      if (!signal?.aborted) {
        const failure = classifyTransportError(error, read);
        onFailures?.([failure]);
        const asks = failure.sessionLost && this.#whenCut === "ask";
        if (asks && (await this.#lives(link))) inFlight.ignored();
        else this.#settleByError(inFlight, failure, error);
        throw error;
      }
      if (isTimeoutError(signal.reason)) {
        trace?.dropped(this.#guard.settings.operationTimeoutMs ?? 0);
        this.#settleLater(inFlight, link, trace);
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
    if (lost !== undefined && !this.#lose(lost)) {
      inFlight.ignored();
      return;
    }
    const settlement = inFlight.answered(failures, answer, sources);
    // Let the end of the session wait for these outcomes. They must reach the shared store, and the process
    // may exit right after the session.
    if (settlement !== undefined && this.#guard.settings.fleet !== undefined) {
      this.#state.ask(() => settlement);
    }
  }

  #settleByError(inFlight: RequestInFlight, failure: Failure, error: unknown): void {
    if (!failure.sessionLost || this.#lose(failure, error)) inFlight.failed(failure, error);
    else inFlight.ignored();
  }

  /**
   * Asks the engine for its version, once per session. Returns the pending question, or undefined if there
   * is nothing to wait for.
   */
  #learnEngine(link: SessionLink<SessionResponse>): Promise<void> | undefined {
    const learning = this.#state.engine.learn(async () => {
      const call = this.#calls.begin({ timeoutMs: TRACE_WITHIN_MS });
      try {
        return await link.ask(VERSION_QUERY.request, call.signal);
      } finally {
        call.end();
      }
    });
    // Let the end of the session wait for the version. Without the version, a probe would be judged by the
    // rules for older engines.
    if (learning !== undefined) this.#state.ask(() => learning);
    return learning;
  }

  /**
   * Returns whether the session still answers. A cut connection may concern only one request, and does not
   * prove that the session is lost. Requests that are cut at the same time share one question.
   */
  #lives(link: SessionLink<SessionResponse>): Promise<boolean> {
    return this.#state.inquire(async () => {
      const asked = await askVersion(this.#calls, link);
      return asked.kind === "answered" && !asked.failures.some(({ sessionLost }) => sessionLost);
    });
  }

  /**
   * Settles a request that timed out. The caller does not wait for the settlement, but the end of the
   * session does.
   */
  #settleLater(
    inFlight: RequestInFlight,
    link: SessionLink<SessionResponse>,
    trace: RequestTrace | undefined,
  ): void {
    // Ask for the spans before the request ends, because its end drops them.
    const seen = trace?.exchanges(TRACE_WITHIN_MS).catch(() => undefined);
    const settlement = this.#settleByVersion(inFlight, link, seen);
    inFlight.settledBy(settlement);
    this.#state.ask(() => settlement);
  }

  /**
   * Settles a timeout by asking the engine for its version. If the engine does not answer, it is at fault.
   * If it answers, it was busy with work that did not end. An upstream is not at fault only because the
   * request names it.
   */
  async #settleByVersion(
    inFlight: RequestInFlight,
    link: SessionLink<SessionResponse>,
    seen: Promise<readonly Evidence[] | undefined> | undefined,
  ): Promise<void> {
    const asked = await askVersion(this.#calls, link);
    if (asked.kind === "answered") {
      if (asked.failures.length === 0) inFlight.timedOut(seen);
      else this.#settleByAnswer(inFlight, asked.failures, asked.answer);
      return;
    }
    const { kind, error } = asked;
    if (kind === "silent") inFlight.failed(SILENT, error);
    else if (kind === "aborted") inFlight.ignored();
    else {
      const failure = classifyTransportError(error, VERSION_QUERY);
      if (failure.sessionLost && this.#state.endsUnseen) inFlight.ignored();
      else this.#settleByError(inFlight, failure, error);
    }
  }
}
