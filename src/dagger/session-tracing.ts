/** Reads the engine's traces of sessions that the SDK opens. */

import { setTimeout as sleep } from "node:timers/promises";
import type { SessionState } from "../guard/session-state.js";
import { warnOnce } from "../options/warn-once.js";
import { startEngineTraces } from "../traces/engine-traces.js";
import type { TraceReceiver } from "../traces/receiver/receiver.js";
import { RequestTracing, type TracedRequest } from "../traces/request-tracing.js";

/** How long a CLI may take to end, before the SDK kills it. */
const CLI_END_MS = 10_000;

/** The traces of the sessions of one `connect` or `connection`, including those of reruns. */
export class SessionTracing {
  /** Variables for the environment of the CLI only. */
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
   * Starts a receiver for a CLI that will run in this environment.
   *
   * @returns Undefined, with one warning, if traces cannot be read: the user's collector must be left
   * alone, or no port is available.
   */
  static async start(env: NodeJS.ProcessEnv): Promise<SessionTracing | undefined> {
    const traces = await startEngineTraces(env);
    if (traces.receiver !== undefined) {
      return new SessionTracing(traces.receiver, traces.variables, traces.hasCollector);
    }
    warnOnce(traces.offCode, `the engine's traces are not read: ${traces.offReason}`);
    return undefined;
  }

  /** Records that a CLI sends its spans here. `gone` resolves when the CLI has ended. */
  hears(gone: () => Promise<void>): void {
    this.#senders.push(gone);
  }

  /** Begins the span of a request. `parent` is the `traceparent` that the SDK would send. */
  begin(parent: string | null): TracedRequest {
    return this.#requests.begin(parent ?? undefined);
  }

  /**
   * Closes the receiver after the CLI has ended, because it sends its last spans then. Received bodies are
   * still forwarded. This keeps the process alive for some seconds at most, but no caller waits for it.
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

/** Turns on tracing for the requests of a session, for all its guards. */
export function traceSession(state: SessionState, tracing: SessionTracing): void {
  tracings.set(state, tracing);
}

/** Returns the tracing of a session; undefined if it has none. */
export function tracingOf(state: SessionState): SessionTracing | undefined {
  return tracings.get(state);
}
