/** Reads the engine's traces of sessions that the SDK opens. */

import { setTimeout as sleep } from "node:timers/promises";
import type { SessionState } from "../guard/session-state.js";
import { warnOnce } from "../options/warn-once.js";
import { startEngineTraces } from "../traces/engine-traces.js";
import type { TraceReceiver } from "../traces/receiver/receiver.js";
import { RequestTracing, type TracedRequest } from "../traces/request-tracing.js";

/** The longest time for a CLI to end, in milliseconds. Then the SDK kills the CLI. */
const CLI_END_MS = 10_000;

/** The traces of all sessions of one `connect` or `connection`, including the sessions of reruns. */
export class SessionTracing {
  /** Environment variables that only the CLI gets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly #receiver: TraceReceiver;
  readonly #requests: RequestTracing;
  readonly #senders: (() => Promise<void>)[] = [];

  private constructor(
    receiver: TraceReceiver,
    variables: Readonly<Record<string, string>>,
    hasCollector: boolean,
  ) {
    this.#receiver = receiver;
    this.#requests = new RequestTracing(receiver, hasCollector);
    this.variables = variables;
  }

  /**
   * Starts a receiver for a CLI that will run in the environment `env`.
   *
   * @returns Undefined, with one warning per process, if traces cannot be read. Either the user's collector
   * must not be replaced, or no port is available.
   */
  static async start(env: NodeJS.ProcessEnv): Promise<SessionTracing | undefined> {
    const traces = await startEngineTraces(env);
    if (traces.receiver !== undefined) {
      return new SessionTracing(traces.receiver, traces.variables, traces.hasCollector);
    }
    warnOnce(traces.offCode, `the engine's traces are not read: ${traces.offReason}`);
    return undefined;
  }

  /** Records that a CLI sends its spans to this receiver. `gone` resolves when the CLI has ended. */
  hears(gone: () => Promise<void>): void {
    this.#senders.push(gone);
  }

  /**
   * Begins the span of a request. `parent` is the `traceparent` that the SDK would send without this
   * package.
   */
  begin(parent: string | null): TracedRequest {
    return this.#requests.begin(parent ?? undefined);
  }

  /**
   * Closes the receiver after the CLI has ended, because a CLI sends its last spans at its end. Received
   * bodies are still forwarded. Closing keeps the process alive for a few seconds at most, and no caller
   * waits for it.
   */
  close(): void {
    const holdProcess = setInterval(() => {}, 1000);
    const cliGone = Promise.all(this.#senders.map((gone) => gone()));
    void Promise.race([cliGone, sleep(CLI_END_MS, undefined, { ref: false })])
      .then(() => this.#receiver.close())
      .finally(() => {
        clearInterval(holdProcess);
        this.#requests.close();
      });
  }
}

const tracings = new WeakMap<SessionState, SessionTracing>();

/** Turns on tracing for all requests of a session, whichever guard sends them. */
export function traceSession(state: SessionState, tracing: SessionTracing): void {
  tracings.set(state, tracing);
}

/** Returns the tracing of a session, or undefined if the session is not traced. */
export function tracingOf(state: SessionState): SessionTracing | undefined {
  return tracings.get(state);
}
