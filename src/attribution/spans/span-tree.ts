/** Spans with access to their parents, children and requests. */

import { type EngineSpan, hasEnded } from "./span.js";

/**
 * The maximum number of ancestors that are followed. Real spans are nested a few dozen levels deep, but a
 * forged loop has no end.
 */
const MAX_DEPTH = 200;

/**
 * The name of the engine's span for a request. The parent of this span is the span with which the client sent
 * the request.
 */
const REQUEST = "POST /query";

export class SpanTree {
  readonly spans: readonly EngineSpan[];
  readonly #byId = new Map<string, EngineSpan>();
  readonly #byParent = new Map<string, EngineSpan[]>();
  readonly #requestIds = new Map<string, string>();

  constructor(spans: readonly EngineSpan[]) {
    this.spans = spans;
    for (const span of spans) {
      const known = this.#byId.get(span.id);
      if (known === undefined || !hasEnded(known)) this.#byId.set(span.id, span);
      const siblings = this.#byParent.get(span.parent);
      if (siblings === undefined) this.#byParent.set(span.parent, [span]);
      else siblings.push(span);
    }
  }

  childrenOf(id: string): readonly EngineSpan[] {
    return this.#byParent.get(id) ?? [];
  }

  parentOf(span: EngineSpan): EngineSpan | undefined {
    return this.#byId.get(span.parent);
  }

  /** Returns the nearest ancestor that `fits`. The span itself is not an ancestor. */
  nearest(span: EngineSpan, fits: (ancestor: EngineSpan) => boolean): EngineSpan | undefined {
    let at = this.parentOf(span);
    for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth += 1) {
      if (fits(at)) return at;
      at = this.parentOf(at);
    }
    return undefined;
  }

  /**
   * Returns the id of the span with which the client sent the request.
   *
   * A function of a module sends requests inside another request, so the outermost request counts. If no
   * request is known, returns the parent id of the topmost known span.
   */
  requestIdOf(span: EngineSpan): string {
    const way: EngineSpan[] = [];
    let found: string | undefined;
    let at: EngineSpan | undefined = span;
    let topmost = span;
    for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth += 1) {
      found = this.#requestIds.get(at.id);
      if (found !== undefined) break;
      way.push(at);
      topmost = at;
      at = this.parentOf(at);
    }
    const outermost = way.findLast(isRequest);
    const requestId = found ?? outermost?.parent ?? topmost.parent;
    for (const one of way) this.#requestIds.set(one.id, requestId);
    return requestId;
  }
}

/** Returns whether a span is a request to the engine, finished or not. */
export function isRequest({ name, scope }: EngineSpan): boolean {
  return name === REQUEST && scope === "dagger.io/engine.server";
}
