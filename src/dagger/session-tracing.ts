/** Reads the engine's traces of one session that the SDK opens. */

import { setTimeout as sleep } from "node:timers/promises";
import type { SessionState } from "../guard/session-state.js";
import { startEngineTraces } from "../traces/engine-traces.js";
import type { TraceReceiver } from "../traces/receiver/receiver.js";
import { RequestTracing, type TracedRequest } from "../traces/request-tracing.js";

/** How long a CLI may take to end; the SDK kills it then. */
const CLI_END_MS = 10_000;

/** The traces of one session of `connect` or `connection`, runs after a lost one included. */
export class SessionTracing {
  /** What the CLI needs in its environment. */
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
   * Starts to listen, for a CLI that will be started with this environment.
   *
   * @returns Undefined when traces cannot be read: the user's collector has to be left alone, or no
   * port is to be had. That is said once as a warning of the process.
   */
  static async start(env: NodeJS.ProcessEnv): Promise<SessionTracing | undefined> {
    const traces = await startEngineTraces(env);
    if (traces.receiver !== undefined) {
      return new SessionTracing(traces.receiver, traces.variables, traces.hasCollector);
    }
    warn(traces.offCode, `the engine's traces are not read: ${traces.offReason}`);
    return undefined;
  }

  /** A CLI sends its spans here; `gone` resolves when it has ended. */
  hears(gone: () => Promise<void>): void {
    this.#senders.push(gone);
  }

  /** Begins the span of a request; `parent` is the `traceparent` that the SDK would send. */
  begin(parent: string | null): TracedRequest {
    return this.#requests.begin(parent ?? undefined);
  }

  /**
   * Takes no more spans once the CLI has ended: it sends its last ones then. What was received is
   * still passed on to the user's collector. The process lives on for that, for some seconds at most;
   * nobody waits for it.
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

/** Has the requests of a session traced, whoever guards them. */
export function traceSession(state: SessionState, tracing: SessionTracing): void {
  tracings.set(state, tracing);
}

/** How the requests of a session are traced, if they are. */
export function tracingOf(state: SessionState): SessionTracing | undefined {
  return tracings.get(state);
}

const said = new Set<string>();

/** Says once in a process that traces were asked for and are not read. */
export function warn(code: "traces-not-read" | "traces-left-alone", message: string): void {
  if (said.has(message)) return;
  said.add(message);
  process.emitWarning(message, { type: "CircuitBreakerWarning", code });
}
