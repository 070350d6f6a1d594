/**
 * A guard for a process whose sessions the proxy of `dagger-breaker run` guards already. It asks no
 * breakers and counts nothing, because otherwise each failure would count twice. It throws the same errors
 * as any other guard. Timeouts, signals and lost sessions work as usual.
 */

import { classifyTransportError } from "../attribution/classify/classifier.js";
import { classifyAnswer } from "../attribution/classify/decide-response.js";
import type { SessionResponse } from "../attribution/failure.js";
import type { ReadRequest } from "../attribution/query/named-upstream.js";
import { isSessionLostError } from "../guard/errors.js";
import { Guard } from "../guard/guard.js";
import type { GuardOptions } from "../guard/guard-options.js";
import { GuardedSession, type RequestCompanions } from "../guard/guarded-session.js";
import { BoundedCalls } from "../guard/request/calls.js";
import type { SessionLink } from "../guard/session-link.js";
import type { SessionState } from "../guard/session-state.js";
import {
  rejectionIn,
  rejectionInText,
  SESSION_LOST_ELSEWHERE,
} from "../guard/wire/rejection-reading.js";
import { refuseUnderLastGood } from "../policies/fallback/last-good-scope.js";
import { createRegistry } from "../registry/registry.js";
import { environmentFleet } from "./environment-fleet.js";

/** Returns whether a proxy of `dagger-breaker run` guards the sessions of this process. */
export function isProxied(): boolean {
  return process.env.DAGGER_BREAKER_PROXY === "1";
}

/**
 * Creates a guard. It uses the fleet from the environment, unless the options contain a fleet. Behind a
 * proxy, the breakers of the guard admit everything.
 */
export function makeGuard(options: GuardOptions = {}): Guard {
  if (!isProxied()) return new Guard({ ...options, fleet: options.fleet ?? environmentFleet() });
  // Called only to validate the options, so that invalid options throw as they do without a proxy.
  new Guard(options);
  const aside = new Guard({ ...options, registry: createRegistry(), fleet: undefined });
  aside.engine.disable();
  return aside;
}

/** The part of a guarded session that sends a request. */
export type RequestSender = Pick<GuardedSession, "request">;

/** Returns the object that sends a session's requests. Behind a proxy, it asks no breakers. */
export function requestSender(guard: Guard, state: SessionState): RequestSender {
  return isProxied() ? new ProxiedSession(guard, state) : new GuardedSession(guard, state, "ask");
}

/**
 * Returns the error of a session that did not open. If the proxy rejected the session, returns that
 * rejection; otherwise returns the error unchanged.
 */
export function openingErrorOf(error: unknown): unknown {
  return (isProxied() && error instanceof Error && rejectionInText(error.message)) || error;
}

/** Sends the requests of a session whose breakers are in the proxy. */
class ProxiedSession implements RequestSender {
  readonly #calls: BoundedCalls;
  readonly #state: SessionState;
  readonly #timeoutMs: number | undefined;

  constructor({ settings }: Guard, state: SessionState) {
    this.#calls = new BoundedCalls(settings.signal);
    this.#state = state;
    this.#timeoutMs = settings.operationTimeoutMs;
  }

  async request<A extends SessionResponse>(
    read: ReadRequest,
    link: SessionLink<A>,
    { signal: own }: RequestCompanions = {},
  ): Promise<A> {
    if (this.#state.lost !== undefined) throw this.#state.lost;
    const { sideEffects } = read;
    for (const effect of ["publish", "export"] as const) {
      if (sideEffects.has(effect)) refuseUnderLastGood(effect);
    }
    for (const effect of sideEffects) this.#state.sideEffects.add(effect);
    const call = this.#calls.begin({ timeoutMs: this.#timeoutMs, signal: own });
    const { signal } = call;
    try {
      return this.#check(await link.send(read.request, signal), read);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const failure = classifyTransportError(error, read);
      if (failure.sessionLost) this.#state.lose(failure, error);
      throw error;
    } finally {
      call.end();
    }
  }

  #check<A extends SessionResponse>(answer: A, read: ReadRequest): A {
    const refusal = rejectionIn(answer);
    if (isSessionLostError(refusal)) this.#state.lose(SESSION_LOST_ELSEWHERE);
    if (refusal !== undefined) throw refusal;
    const lost = classifyAnswer(answer, read).find(({ sessionLost }) => sessionLost);
    if (lost !== undefined) this.#state.lose(lost);
    return answer;
  }
}
