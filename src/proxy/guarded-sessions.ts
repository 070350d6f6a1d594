/** Opens guarded sessions in this process. All sessions share one guard, and each has its own proxy. */

import { classifyFailure } from "../attribution/classify/classify-failure.js";
import type { CallPermit } from "../breaker/calls/permit.js";
import { ENGINE } from "../guard/engine-name.js";
import type { Guard } from "../guard/guard.js";
import { SESSION_TOO_LATE } from "../guard/judgement/engine-fault.js";
import { settleConnect } from "../guard/judgement/settle.js";
import { rejectionAnswer } from "../guard/wire/rejection-answer.js";
import type { TraceReceiver } from "../traces/receiver/receiver.js";
import { RequestTracing } from "../traces/request-tracing.js";
import type { SessionCounts, SessionProxy } from "./session-proxy.js";
import type { SessionAddress } from "./sessions/session-address.js";
import type { OpeningFailure, OpeningSession, SessionHost } from "./sessions/session-host.js";
import {
  type EndRequest,
  type QueryRejection,
  type RequestProblem,
  SessionProgress,
} from "./sessions/session-progress.js";

/**
 * The receiver of the CLIs' spans, and the environment variables that make a CLI send its spans to that
 * receiver.
 */
export interface SessionTraces {
  readonly receiver: TraceReceiver;
  readonly variables: Readonly<Record<string, string>>;
  /** Whether the user has a collector, which also gets the spans of this package. */
  readonly hasCollector: boolean;
}

/** Opens and owns the guarded sessions of one guard. */
export class GuardedSessions implements SessionHost {
  /** Records how the requests and the openings of all sessions end. */
  readonly progress = new SessionProgress();
  readonly #guard: Guard;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #tracing: RequestTracing | undefined;
  /** The open proxies, each with a function that records the end of its session. */
  readonly #proxies = new Map<SessionProxy, () => void>();
  readonly #listeners = new Set<() => void>();
  readonly #lossListeners = new Set<() => void>();
  /** The number of sessions that are open and not lost. */
  #living = 0;
  /** The sum of the counters of closed proxies. */
  #ended: SessionCounts = NOTHING;
  #begun = 0;
  #lastRejection: QueryRejection | null = null;

  /** @param traces Undefined if the engine's traces are not read. The caller closes the receiver. */
  constructor(guard: Guard, traces?: SessionTraces) {
    this.#guard = guard;
    this.#variables = traces?.variables ?? {};
    this.#tracing = traces && new RequestTracing(traces.receiver, traces.hasCollector);
  }

  /** The number of sessions begun so far, including a session from the environment. */
  get begun(): number {
    return this.#begun;
  }

  /** The sum of the counters of all sessions, open and closed. No counter ever decreases. */
  get counts(): SessionCounts {
    return [...this.#proxies.keys()].reduce((sum, { counts }) => added(sum, counts), this.#ended);
  }

  /**
   * The last rejection by the guard: of a query, or of the opening of a session. Null before the first
   * rejection.
   */
  get lastRejection(): QueryRejection | null {
    return this.#lastRejection;
  }

  /**
   * Calls the listener each time a session begins, before the session asks the engine's breaker. A runner
   * that holds a permit for the whole command then releases this permit. If a session has already begun,
   * the listener is also called at once.
   *
   * @returns A function that removes the listener.
   */
  onBegin(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#begun > 0) listener();
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Calls the listener when a session is lost and no other session is open.
   *
   * @returns A function that removes the listener.
   */
  onAllLost(listener: () => void): () => void {
    this.#lossListeners.add(listener);
    return () => void this.#lossListeners.delete(listener);
  }

  async begin(signal?: AbortSignal, workdir?: string): Promise<OpeningSession> {
    this.#begins();
    const end = this.progress.begin();
    const wait = eitherSignal(signal, this.#guard.settings.signal);
    try {
      const [permit] = await this.#guard.admit([this.#guard.engine], wait);
      return this.#opening(permit as CallPermit, workdir, end);
    } catch (error) {
      const refusal = rejectionAnswer(error)?.errors[0].extensions;
      if (refusal !== undefined) {
        this.#lastRejection = { type: refusal._type, circuit: refusal.upstream ?? ENGINE };
        end({ kind: "rejected", rejection: this.#lastRejection });
      }
      throw error;
    }
  }

  /**
   * Puts a proxy in front of a session from the environment, until `close` is called. This session proves
   * nothing about the engine, so no permit is settled. Its CLI sends its spans elsewhere, so its requests
   * are not traced.
   */
  async openInherited(target: SessionAddress): Promise<SessionAddress> {
    const { address } = await this.#startProxy(target, undefined);
    this.#begins();
    return address;
  }

  /** Closes the proxies of all sessions. The counters keep their values. */
  async close(): Promise<void> {
    await Promise.all([...this.#proxies.keys()].map((proxy) => this.#end(proxy)));
    this.#tracing?.close();
  }

  #begins(): void {
    this.#begun += 1;
    for (const listener of this.#listeners) listener();
  }

  #opening(permit: CallPermit, workdir: string | undefined, ended: EndRequest): OpeningSession {
    let proxy: SessionProxy | undefined;
    return {
      variables: this.#variables,
      opened: async (target) => {
        settleConnect(permit, { opened: true });
        ended();
        proxy = await this.#startProxy(target, this.#tracing, workdir);
        return proxy.address;
      },
      failed: async (failure) => ended(settleOpening(permit, failure)),
      end: async () => {
        settleConnect(permit, {});
        if (proxy !== undefined) await this.#end(proxy);
      },
    };
  }

  async #startProxy(
    target: SessionAddress,
    tracing: RequestTracing | undefined,
    workdir?: string,
  ): Promise<SessionProxy> {
    const onRejected = (query: QueryRejection) => {
      this.#lastRejection = query;
    };
    let isLost = false;
    const onLost = () => {
      if (isLost) return;
      isLost = true;
      this.#living -= 1;
      if (this.#living > 0) return;
      for (const listener of this.#lossListeners) listener();
    };
    const guard = this.#guard;
    // Load this module only now. Loading takes longer than the rest of the program's start, and most
    // commands open no session.
    const { startSessionProxy } = await import("./session-proxy.js");
    const proxy = await startSessionProxy({
      ...{ guard, target, tracing, workdir, onRejected, onLost },
      progress: this.progress,
    });
    this.#living += 1;
    this.#proxies.set(proxy, () => {
      if (!isLost) this.#living -= 1;
      isLost = true;
    });
    return proxy;
  }

  async #end(proxy: SessionProxy): Promise<void> {
    this.#proxies.get(proxy)?.();
    await proxy.close();
    if (this.#proxies.delete(proxy)) this.#ended = added(this.#ended, proxy.counts);
  }
}

function settleOpening(permit: CallPermit, failure: OpeningFailure): RequestProblem {
  if ("timedOut" in failure) {
    settleConnect(permit, { failure: SESSION_TOO_LATE });
    return { kind: "failed", failure: SESSION_TOO_LATE };
  }
  const found = classifyFailure(failure.text, { operation: "connect" });
  settleConnect(permit, { failure: found, error: new OpeningError() });
  return { kind: "failed", failure: found };
}

/**
 * The error of a session that did not open. It does not contain the CLI's output, which may contain
 * secrets.
 */
class OpeningError extends Error {
  override readonly name = "SessionOpeningError";
}

const NOTHING: SessionCounts = { requests: 0, rejected: 0, timedOut: 0, lost: 0 };

function added(one: SessionCounts, other: SessionCounts): SessionCounts {
  return {
    requests: one.requests + other.requests,
    rejected: one.rejected + other.rejected,
    timedOut: one.timedOut + other.timedOut,
    lost: one.lost + other.lost,
  };
}

function eitherSignal(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return AbortSignal.any([one, other]);
}
