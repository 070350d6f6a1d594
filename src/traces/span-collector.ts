/** Collects the engine's spans of requests in progress. Returns which exchanges with hosts the spans show. */

import { type Evidence, evidenceFromSpans } from "../attribution/spans/evidence.js";
import { callsFunction } from "../attribution/spans/forgeable.js";
import { type EngineSpan, hasEnded, isCached } from "../attribution/spans/span.js";
import { isRequest } from "../attribution/spans/span-tree.js";
import { lightSpan, weightOf } from "./otlp/light-span.js";
import type { TraceReceiver } from "./receiver/receiver.js";
import type { TraceContext } from "./trace-context.js";

/** The limit on all spans in memory, as their approximate size in characters. */
const MAX_WEIGHT = 8 * 1024 * 1024;

/** A request whose spans are being collected. */
export interface WatchedRequest {
  /**
   * Records that our own timeout has just ended the request. Only spans that arrive after this call count.
   * Earlier spans can be forged by code in a container, but that code is killed with the request. An
   * exchange that was cut off after at least half of the timeout is a failure of its host.
   */
  dropped(timeoutMs: number): void;
  /**
   * Returns the exchanges that the spans show, once the engine reports the end of the request. Undefined
   * when that report does not arrive in time. Also undefined when spans were dropped and the others show no
   * exchange. Call it only once, because it ends the collection.
   *
   * @param withinMs The longest wait in milliseconds. The wait does not keep the process alive.
   */
  exchanges(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Ends the collection. Does nothing once `exchanges` was called. */
  end(): void;
}

/** A request in progress. */
interface Watch {
  over: boolean;
  asked: boolean;
  /** Ends the wait in `exchanges`. */
  resolveWait: (() => void) | undefined;
  /** The timeout that ended the request, and the number of spans that had arrived by then. */
  drop: { readonly timeoutMs: number; readonly taken: number } | undefined;
}

/** A span, and its number in the order of arrival. */
interface HeldSpan {
  readonly span: EngineSpan;
  readonly taken: number;
}

/** The spans of one trace, and the requests of that trace that are in progress. */
interface TraceInFlight {
  /** Spans grouped by the id of their parent, in the order in which the parents first occurred. */
  readonly byParent: Map<string, HeldSpan[]>;
  readonly watches: Map<string, Watch>;
  weight: number;
  /** Whether spans were dropped to stay within the memory limit. */
  incomplete: boolean;
}

/**
 * Keeps the spans of requests in progress. The work for a request depends only on its own spans, even when
 * its trace contains many requests.
 */
export class SpanCollector {
  readonly #traces = new Map<string, TraceInFlight>();
  readonly #stop: () => void;
  #taken = 0;
  #held = 0;
  #weight = 0;

  constructor(receiver: Pick<TraceReceiver, "onSpans">) {
    this.#stop = receiver.onSpans((spans) => this.#take(spans));
  }

  get size(): number {
    return this.#held;
  }

  /** Collects all spans that descend from one of our own spans, until `exchanges` or `end` is called. */
  watch({ traceId, spanId }: TraceContext): WatchedRequest {
    const trace = this.#traces.get(traceId) ?? newTrace();
    this.#traces.set(traceId, trace);
    const watch: Watch = { over: false, asked: false, resolveWait: undefined, drop: undefined };
    trace.watches.set(spanId, watch);
    return {
      dropped: (timeoutMs) => {
        watch.drop = { timeoutMs, taken: this.#taken };
      },
      exchanges: async (withinMs) => {
        watch.asked = true;
        if (!isComplete(trace, spanId, watch)) await untilComplete(watch, withinMs);
        const found = watch.over ? evidenceOf(trace, spanId, watch) : undefined;
        this.#unwatch(traceId, spanId);
        return found;
      },
      end: () => {
        if (!watch.asked) this.#unwatch(traceId, spanId);
      },
    };
  }

  /** Stops listening and drops all spans. Requests that wait for their exchanges get undefined. */
  close(): void {
    this.#stop();
    this.#traces.clear();
    this.#held = 0;
    this.#weight = 0;
  }

  /**
   * Stores all spans of a body first, and then looks for requests that have ended. The end of a request can
   * come before its other spans in the same body.
   */
  #take(spans: readonly EngineSpan[]): void {
    const touched = new Set<TraceInFlight>();
    for (const span of spans) {
      const trace = this.#traces.get(span.trace);
      if (trace === undefined) continue;
      this.#hold(trace, lightSpan(span));
      if (!isRequest(span) || !hasEnded(span)) continue;
      touched.add(trace);
      const watch = trace.watches.get(span.parent);
      if (watch !== undefined) watch.over = true;
    }
    for (const trace of touched) {
      for (const [spanId, watch] of trace.watches) {
        if (watch.resolveWait !== undefined && isComplete(trace, spanId, watch))
          watch.resolveWait();
      }
    }
  }

  #hold(trace: TraceInFlight, span: EngineSpan): void {
    const held = { span, taken: ++this.#taken };
    const siblings = trace.byParent.get(span.parent);
    if (siblings === undefined) trace.byParent.set(span.parent, [held]);
    else siblings.push(held);
    const weight = weightOf(span);
    trace.weight += weight;
    this.#weight += weight;
    this.#held += 1;
    if (this.#weight > MAX_WEIGHT) this.#dropOldest();
  }

  /** Drops a request and its spans. Other requests of the same trace may still be in progress. */
  #unwatch(traceId: string, spanId: string): void {
    const trace = this.#traces.get(traceId);
    if (trace === undefined || !trace.watches.delete(spanId)) return;
    const parents = trace.watches.size === 0 ? trace.byParent.keys() : parentsBelow(trace, spanId);
    for (const parent of [...parents]) this.#drop(trace, parent);
    if (trace.watches.size === 0) this.#traces.delete(traceId);
  }

  /**
   * Drops the older half of the largest trace, and marks the trace as incomplete. A dropped span may have
   * shown an exchange.
   */
  #dropOldest(): void {
    let largest: TraceInFlight | undefined;
    for (const trace of this.#traces.values()) {
      if (largest === undefined || trace.weight > largest.weight) largest = trace;
    }
    if (largest === undefined) return;
    largest.incomplete = true;
    const enough = largest.weight / 2;
    for (const parent of largest.byParent.keys()) {
      if (largest.weight <= enough) break;
      this.#drop(largest, parent);
    }
  }

  #drop(trace: TraceInFlight, parent: string): void {
    const children = trace.byParent.get(parent) ?? [];
    trace.byParent.delete(parent);
    this.#held -= children.length;
    for (const { span } of children) {
      const weight = weightOf(span);
      trace.weight -= weight;
      this.#weight -= weight;
    }
  }
}

function newTrace(): TraceInFlight {
  return { byParent: new Map(), watches: new Map(), weight: 0, incomplete: false };
}

/** Returns the id of a span, and the ids of all its descendants that have children. */
function parentsBelow({ byParent }: TraceInFlight, spanId: string): ReadonlySet<string> {
  const found = new Set([spanId]);
  for (const parent of found) {
    for (const { span } of byParent.get(parent) ?? []) {
      if (byParent.has(span.id)) found.add(span.id);
    }
  }
  return found;
}

/**
 * Returns whether a request has ended and all its spans have arrived. When a module's function makes
 * exchanges, their spans arrive one body after the span of the function's call.
 */
function isComplete(trace: TraceInFlight, spanId: string, { over }: Watch): boolean {
  if (!over) return false;
  const byId = new Map<string, EngineSpan>();
  for (const parent of parentsBelow(trace, spanId)) {
    for (const { span } of trace.byParent.get(parent) ?? []) byId.set(span.id, span);
  }
  const asking = new Set<string>();
  for (const span of byId.values()) {
    if (!isRequest(span)) continue;
    for (let at = span.parent; byId.has(at) && !asking.has(at); at = byId.get(at)?.parent ?? "") {
      asking.add(at);
    }
  }
  return [...byId.values()].every((span) => asking.has(span.id) || !shouldAsk(span));
}

/**
 * Returns whether a function call should have led to a request by the function itself. A call of a
 * constructor does not count. Most constructors send no request, and in spans, a module without a
 * constructor looks the same.
 */
function shouldAsk(span: EngineSpan): boolean {
  return callsFunction(span) && !isCached(span) && !span.name.startsWith("Query.");
}

/**
 * Returns the exchanges that the spans of a request show. Undefined when spans were dropped and the others
 * show no exchange, because a dropped span may have shown one.
 */
function evidenceOf(trace: TraceInFlight, spanId: string, { drop }: Watch): Evidence[] | undefined {
  const spans: EngineSpan[] = [];
  for (const parent of parentsBelow(trace, spanId)) {
    for (const { span, taken } of trace.byParent.get(parent) ?? []) {
      if (drop === undefined || taken > drop.taken) spans.push(span);
    }
  }
  const found = evidenceFromSpans(spans, { timedOutAfterMs: drop?.timeoutMs }).filter(
    ({ requestId }) => requestId === spanId,
  );
  return found.length === 0 && trace.incomplete ? undefined : found;
}

function untilComplete(watch: Watch, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      watch.resolveWait = undefined;
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, withinMs);
    timer.unref();
    watch.resolveWait = end;
  });
}
