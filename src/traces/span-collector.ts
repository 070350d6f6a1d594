/** Collects the engine's spans of requests in progress, and returns what they prove about hosts. */

import { type Evidence, evidenceFromSpans } from "../attribution/spans/evidence.js";
import { callsFunction } from "../attribution/spans/forgeable.js";
import { type EngineSpan, hasEnded, isCached } from "../attribution/spans/span.js";
import { isRequest } from "../attribution/spans/span-tree.js";
import { lightSpan, weightOf } from "./otlp/light-span.js";
import type { TraceReceiver } from "./receiver/receiver.js";
import type { TraceContext } from "./trace-context.js";

/** The bound on the spans in memory for requests in progress, as their approximate size in characters. */
const MAX_WEIGHT = 8 * 1024 * 1024;

/** A request whose spans are collected. */
export interface WatchedRequest {
  /**
   * Records that our own timeout has just ended the request. Only spans that arrive later count now: code
   * in a container could forge spans only before, because it is killed with the request. An exchange that
   * was cut off after at least half of the timeout is a failure of its host.
   */
  dropped(timeoutMs: number): void;
  /**
   * Returns what the spans prove, once the engine reports the end of the request. Undefined if that report
   * does not arrive in time, or if spans were dropped because there were too many. Call it once: it ends
   * the collection.
   *
   * @param withinMs The longest wait in milliseconds; it does not keep the process alive.
   */
  exchanges(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Ends the collection, unless `exchanges` was called. */
  end(): void;
}

/** A request in progress. */
interface Watch {
  over: boolean;
  asked: boolean;
  /** Ends the wait in `exchanges`. */
  resolveWait: (() => void) | undefined;
  /** The timeout that ended the request, and the number of spans that had arrived until then. */
  drop: { readonly timeoutMs: number; readonly taken: number } | undefined;
}

/** A span with its number in the order of arrival. */
interface HeldSpan {
  readonly span: EngineSpan;
  readonly taken: number;
}

/** The spans of one trace, and its requests in progress. */
interface TraceInFlight {
  /** The spans by the id of their parent, in the order in which the parents first occurred. */
  readonly byParent: Map<string, HeldSpan[]>;
  readonly watches: Map<string, Watch>;
  weight: number;
  /** Whether spans were dropped because there were too many. */
  incomplete: boolean;
}

/**
 * Keeps the spans of requests in progress. Work per request depends on its own spans only, however many
 * requests a trace contains.
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

  /** The number of spans in memory. */
  get size(): number {
    return this.#held;
  }

  /** Collects the spans below one of our own spans, until `exchanges` or `end`. */
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

  /** Stops listening and forgets all spans. Waiting requests get no result. */
  close(): void {
    this.#stop();
    this.#traces.clear();
    this.#held = 0;
    this.#weight = 0;
  }

  /**
   * Stores all spans of a body before it looks for the ends of requests: a body may contain the end of a
   * request before its other spans.
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

  /** Forgets a request and its spans. Other requests of the same trace may still be in progress. */
  #unwatch(traceId: string, spanId: string): void {
    const trace = this.#traces.get(traceId);
    if (trace === undefined || !trace.watches.delete(spanId)) return;
    const parents = trace.watches.size === 0 ? trace.byParent.keys() : parentsBelow(trace, spanId);
    for (const parent of [...parents]) this.#drop(trace, parent);
    if (trace.watches.size === 0) this.#traces.delete(traceId);
  }

  /** Drops the older half of the largest trace, and marks it, because a missing span may have been a proof. */
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

/** Returns the ids of all parents below a span, including its own id. */
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
 * Returns whether a request has ended and all its spans have arrived. The exchanges of a module's function
 * arrive one body after the call of the function.
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
 * Returns whether a call of a function should have led to a request of its own. A constructor usually sends
 * none, and a call of a module without constructor looks the same.
 */
function shouldAsk(span: EngineSpan): boolean {
  return callsFunction(span) && !isCached(span) && !span.name.startsWith("Query.");
}

/**
 * Returns what the spans of a request prove. If spans were dropped, finding nothing proves nothing, so the
 * result is undefined.
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
