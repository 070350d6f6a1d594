/**
 * Reads the engine's traces of one session: a receiver for its CLI, a span of our own around each
 * request, by which the engine's spans are told apart, and a witness for the guard.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { isCircuitBreakerOpenError } from "../breaker/errors.js";
import type { SessionState } from "../guard/session-state.js";
import type { RequestWitness } from "../guard/witness.js";
import { collectorOf, engineEnvironment } from "../traces/environment.js";
import { startTraceReceiver, type TraceReceiver } from "../traces/receiver.js";
import { SpanCollector } from "../traces/span-collector.js";
import { childOf, type TraceContext } from "../traces/trace-context.js";

/** How long a CLI may take to end; the SDK kills it then. */
const CLI_END_MS = 10_000;

/** One request with its span. */
export interface TracedRequest {
  /** The `traceparent` to send with it. */
  readonly traceparent: string;
  /** Undefined when the user's trace is not sampled: the engine then tells nothing. */
  readonly witness: RequestWitness | undefined;
  /** The request is over; `error` is what it failed with, if it did. */
  end(error?: unknown): void;
}

/** The traces of one session of `connect` or `connection`, runs after a lost one included. */
export class SessionTracing {
  /** What the CLI needs in its environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly #receiver: TraceReceiver;
  readonly #spans: SpanCollector;
  readonly #exports: boolean;
  readonly #senders: (() => Promise<void>)[] = [];

  private constructor(
    receiver: TraceReceiver,
    variables: Readonly<Record<string, string>>,
    exports: boolean,
  ) {
    this.#receiver = receiver;
    this.#spans = new SpanCollector(receiver);
    this.variables = variables;
    this.#exports = exports;
  }

  /**
   * Starts to listen, for a CLI that will be started with this environment.
   *
   * @returns Undefined when traces cannot be read: the user's collector has to be left alone, or no
   * port is to be had. Both are said once as a warning of the process.
   */
  static async start(env: NodeJS.ProcessEnv): Promise<SessionTracing | undefined> {
    const collector = collectorOf(env);
    const forwardTo = collector.kind === "http" ? collector.endpoint : undefined;
    let receiver: TraceReceiver;
    try {
      receiver = await startTraceReceiver({
        forwardTo,
        resourceAttributes: { "service.name": "dagger-circuit-breaker" },
      });
    } catch {
      warn("traces-not-read", "no port could be had to read the engine's traces on");
      return undefined;
    }
    const { variables, witness } = engineEnvironment(receiver, env);
    if (witness) return new SessionTracing(receiver, variables, forwardTo !== undefined);
    await receiver.close();
    return undefined;
  }

  /** A CLI sends its spans here; `gone` resolves when it has ended. */
  hears(gone: () => Promise<void>): void {
    this.#senders.push(gone);
  }

  /** Begins the span of a request; `parent` is the `traceparent` that the SDK would send. */
  begin(parent: string | null): TracedRequest {
    const context = childOf(parent ?? undefined);
    const startMs = Date.now();
    return {
      traceparent: context.header,
      witness: context.sampled ? this.#spans.watch(context) : undefined,
      end: (error) => {
        if (this.#exports && context.sampled) this.#export(context, startMs, error);
      },
    };
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
        this.#spans.close();
      });
  }

  /** Nothing of the request or of its error but the names of the breaker and of the error's class. */
  #export({ traceId, spanId, parentSpanId }: TraceContext, startMs: number, error: unknown): void {
    const refused = isCircuitBreakerOpenError(error) ? { "breaker.name": error.breakerName } : {};
    this.#receiver.addOwn({
      name: "guarded request",
      kind: "client",
      trace: traceId,
      id: spanId,
      parent: parentSpanId ?? "",
      startNs: `${startMs}000000`,
      endNs: `${Date.now()}000000`,
      status: error === undefined ? "ok" : "error",
      message: "",
      attributes: error instanceof Error ? { "error.type": error.name, ...refused } : {},
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
export function warn(code: "traces-not-read", message: string): void {
  if (said.has(message)) return;
  said.add(message);
  process.emitWarning(message, { type: "CircuitBreakerWarning", code });
}
