/** Gathers the spans of requests that somebody waits for, and tells what they prove. */

import { type Evidence, evidenceFromSpans } from "../attribution/spans/evidence.js";
import { type EngineSpan, hasEnded } from "../attribution/spans/span.js";
import { isRequest, SpanTree } from "../attribution/spans/span-tree.js";
import type { TraceReceiver } from "./receiver.js";
import type { TraceContext } from "./trace-context.js";

/** How many spans are held for requests that are still waited for; beyond it the oldest go. */
const MAX_SPANS = 20_000;

/** A request whose spans are gathered. */
export interface WatchedRequest {
  /**
   * Our own time-out has just ended the request. What comes from now on decides, and an exchange that
   * was cut off after at least half that time is a failure of its host: code in a container, which
   * dies with the request, can forge spans only before.
   */
  dropped(timeoutMs: number): void;
  /**
   * What its spans prove, once the engine has told that the request is over; undefined when it does
   * not tell in time. Asked once; after it nothing more is gathered.
   *
   * @param withinMs How long to wait, in milliseconds; the wait does not keep the process alive.
   */
  evidence(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Gathers nothing more, unless `evidence` was asked. */
  end(): void;
}

/** Somebody who waits for the end of a request. */
interface Watch {
  over: boolean;
  asked: boolean;
  heard: () => void;
  /** The time-out that dropped the request, and the spans that had come until then. */
  drop: { readonly timeoutMs: number; readonly before: ReadonlySet<EngineSpan> } | undefined;
}

/** The spans of one trace, and who waits in it. */
interface TraceInFlight {
  spans: EngineSpan[];
  readonly watches: Map<string, Watch>;
}

/** Holds the spans of the requests that are watched, and of no others. */
export class SpanCollector {
  readonly #traces = new Map<string, TraceInFlight>();
  readonly #stop: () => void;
  #held = 0;

  constructor(receiver: Pick<TraceReceiver, "onSpans">) {
    this.#stop = receiver.onSpans((spans) => this.#take(spans));
  }

  /** How many spans are held. */
  get size(): number {
    return this.#held;
  }

  /** Gathers the spans below one of ours until they are asked for. */
  watch({ traceId, spanId }: TraceContext): WatchedRequest {
    const trace = this.#traces.get(traceId) ?? { spans: [], watches: new Map<string, Watch>() };
    this.#traces.set(traceId, trace);
    const watch: Watch = { over: false, asked: false, heard: () => {}, drop: undefined };
    trace.watches.set(spanId, watch);
    return {
      dropped: (timeoutMs) => {
        watch.drop = { timeoutMs, before: new Set(trace.spans) };
      },
      evidence: async (withinMs) => {
        watch.asked = true;
        if (!watch.over) await untilHeard(watch, withinMs);
        const found = watch.over ? evidenceOf(trace.spans, spanId, watch) : undefined;
        this.#unwatch(traceId, spanId);
        return found;
      },
      end: () => {
        if (!watch.asked) this.#unwatch(traceId, spanId);
      },
    };
  }

  /** Hears nothing more and holds nothing; who waits does so in vain. */
  close(): void {
    this.#stop();
    this.#traces.clear();
    this.#held = 0;
  }

  /** A body may name the end of a request before what happened in it, so all of it is taken first. */
  #take(spans: readonly EngineSpan[]): void {
    const over: Watch[] = [];
    for (const span of spans) {
      const trace = this.#traces.get(span.trace);
      if (trace === undefined) continue;
      trace.spans.push(withoutBallast(span));
      this.#held += 1;
      const watch = isRequest(span) && hasEnded(span) ? trace.watches.get(span.parent) : undefined;
      if (watch !== undefined) over.push(watch);
    }
    if (this.#held > MAX_SPANS) this.#dropOldest();
    for (const watch of over) {
      watch.over = true;
      watch.heard();
    }
  }

  /** Forgets a request, with its spans; others of the same trace may still be waited for. */
  #unwatch(traceId: string, spanId: string): void {
    const trace = this.#traces.get(traceId);
    if (trace === undefined || !trace.watches.delete(spanId)) return;
    if (trace.watches.size === 0) {
      this.#traces.delete(traceId);
      this.#held -= trace.spans.length;
      return;
    }
    const tree = new SpanTree(trace.spans);
    this.#keep(
      trace,
      trace.spans.filter((span) => tree.requestIdOf(span) !== spanId),
    );
  }

  #dropOldest(): void {
    let largest: TraceInFlight | undefined;
    for (const trace of this.#traces.values()) {
      if (trace.spans.length > (largest?.spans.length ?? 0)) largest = trace;
    }
    if (largest !== undefined) this.#keep(largest, largest.spans.slice(largest.spans.length / 2));
  }

  #keep(trace: TraceInFlight, spans: EngineSpan[]): void {
    this.#held += spans.length - trace.spans.length;
    trace.spans = spans;
  }
}

function evidenceOf(spans: readonly EngineSpan[], spanId: string, { drop }: Watch): Evidence[] {
  const telling = drop === undefined ? spans : spans.filter((span) => !drop.before.has(span));
  return evidenceFromSpans(telling, { timedOutAfterMs: drop?.timeoutMs }).filter(
    ({ requestId }) => requestId === spanId,
  );
}

function untilHeard(watch: Watch, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    timer.unref();
    watch.heard = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

const NOTHING = {};

/** Most spans only connect others: what they say of themselves would fill the memory. */
function withoutBallast(span: EngineSpan): EngineSpan {
  const { name, attributes } = span;
  const says =
    attributes["http.request.method"] !== undefined ||
    attributes["dagger.io/dag.cached"] !== undefined ||
    name === "Query.http" ||
    name === "Query.git" ||
    name === "Container.publish" ||
    name.startsWith("git ");
  return says ? span : { ...span, message: "", attributes: NOTHING };
}
