/** The spans of some requests with the way from each to its ancestors. */

import { type EngineSpan, hasEnded } from "./span.js";

/** How far up ancestors are followed: engines nest a few dozen deep, a forged loop has no end. */
const MAX_DEPTH = 200;

/** The name of the span that an engine makes for one request; its parent is what the request sent. */
const REQUEST = "POST /query";

/** Spans by their ids. */
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

  /** The spans whose parent has that id. */
  childrenOf(id: string): readonly EngineSpan[] {
    return this.#byParent.get(id) ?? [];
  }

  parentOf(span: EngineSpan): EngineSpan | undefined {
    return this.#byId.get(span.parent);
  }

  /** The nearest ancestor that fits, the span itself apart. */
  nearest(span: EngineSpan, fits: (ancestor: EngineSpan) => boolean): EngineSpan | undefined {
    let at = this.parentOf(span);
    for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth += 1) {
      if (fits(at)) return at;
      at = this.parentOf(at);
    }
    return undefined;
  }

  /**
   * What the request was sent with as its parent: the parent of the outermost request above a span,
   * since functions of modules make requests of their own inside one. Without any, it is the parent
   * of the topmost span that is known.
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

/** Whether a span is that of one request to the engine, over or not. */
export function isRequest({ name, scope }: EngineSpan): boolean {
  return name === REQUEST && scope === "dagger.io/engine.server";
}
