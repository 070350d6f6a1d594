/**
 * Creates a span of ours for each request to a session. The engine's spans for the request are children of
 * that span. Together they form the request trace.
 */

import { isCircuitBreakerOpenError } from "../breaker/errors.js";
import type { TraceReceiver } from "./receiver/receiver.js";
import { SpanCollector, type WatchedRequest } from "./span-collector.js";
import { childOf, type TraceContext } from "./trace-context.js";

/** A request, with the span that was created for it. */
export interface TracedRequest {
  /** The `traceparent` header to send with the request. */
  readonly traceparent: string;
  /**
   * The engine's spans for the request. Undefined when the user's trace is not sampled, because the engine
   * then exports no spans.
   */
  readonly trace: WatchedRequest | undefined;
  /** Ends the span. `error` is the error of a failed request. */
  end(error?: unknown): void;
}

/** Traces the requests of sessions whose CLIs send their spans to one receiver. */
export class RequestTracing {
  readonly #receiver: TraceReceiver;
  readonly #spans: SpanCollector;
  readonly #exports: boolean;

  /** @param exports Whether the user has a collector for our own spans. */
  constructor(receiver: TraceReceiver, exports: boolean) {
    this.#receiver = receiver;
    this.#spans = new SpanCollector(receiver);
    this.#exports = exports;
  }

  /** Begins the span of a request. `parent` is the `traceparent` that the client sent. */
  begin(parent: string | undefined): TracedRequest {
    const context = childOf(parent);
    const startMs = Date.now();
    return {
      traceparent: context.header,
      trace: context.sampled ? this.#spans.watch(context) : undefined,
      end: (error) => {
        if (this.#exports && context.sampled) this.#export(context, startMs, error);
      },
    };
  }

  /** Stops listening; the receiver stays open. */
  close(): void {
    this.#spans.close();
  }

  /**
   * Exports the span of a request. It contains only the class of the error and the name of the circuit
   * breaker, because messages can contain secrets.
   */
  #export({ traceId, spanId, parentSpanId }: TraceContext, startMs: number, error: unknown): void {
    const rejection = isCircuitBreakerOpenError(error) ? { "breaker.name": error.breakerName } : {};
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
      attributes: error instanceof Error ? { "error.type": error.name, ...rejection } : {},
    });
  }
}
