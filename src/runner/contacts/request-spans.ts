/** Holds the spans of running requests, and hands them on when their request has ended. */

import { type EngineSpan, hasEnded } from "../../attribution/spans/span.js";
import { isRequest } from "../../attribution/spans/span-tree.js";
import { lightSpan, weightOf } from "../../traces/otlp/light-span.js";

/** The memory limit, in characters plus the cost of an object. */
const MAX_WEIGHT = 16 * 1024 * 1024;
/**
 * Number of further spans to await before an ended request is handed on, because its last ones may
 * be late.
 */
const LATE_SPANS = 200;
/** The limit on ancestors, because a forged loop has no end. */
const MAX_DEPTH = 200;

/**
 * Receives spans and passes on those of each finished request, so that memory depends only on what
 * runs at one time. A request with too many spans is passed on in parts: the oldest spans first,
 * each with all its known descendants.
 */
export class RequestSpans {
  readonly #handOn: (spans: readonly EngineSpan[], isWhole: boolean) => void;
  readonly #maxWeight: number;
  readonly #held = new Map<string, EngineSpan>();
  readonly #byParent = new Map<string, EngineSpan[]>();
  /** Finished requests, and how many spans had arrived before. */
  #over: { readonly request: EngineSpan; readonly taken: number }[] = [];
  #taken = 0;
  #weight = 0;

  /**
   * @param handOn Receives spans. `isWhole` is true if all their ancestors are included, which is
   * only sure at the end: longer spans have not ended yet.
   */
  constructor(
    handOn: (spans: readonly EngineSpan[], isWhole: boolean) => void,
    maxWeight = MAX_WEIGHT,
  ) {
    this.#handOn = handOn;
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Adds the spans of one body. */
  take(spans: readonly EngineSpan[]): void {
    for (const span of spans) {
      if (hasEnded(span)) this.#hold(lightSpan(span));
      if (this.#weight > this.#maxWeight) this.#handOnOldest();
    }
    const waiting = this.#over.findIndex(({ taken }) => taken + LATE_SPANS > this.#taken);
    const done = this.#over.splice(0, waiting < 0 ? this.#over.length : waiting);
    for (const { request } of done) this.#handOnAll([request]);
  }

  /** Hands on all remaining spans. */
  end(): void {
    const left = [...this.#held.values()];
    this.#held.clear();
    this.#byParent.clear();
    this.#over = [];
    this.#weight = 0;
    if (left.length > 0) this.#handOn(left, true);
  }

  #hold(span: EngineSpan): void {
    const key = keyOf(span.trace, span.id);
    if (this.#held.has(key)) return;
    this.#held.set(key, span);
    this.#taken += 1;
    const parentKey = keyOf(span.trace, span.parent);
    const siblings = this.#byParent.get(parentKey);
    if (siblings === undefined) this.#byParent.set(parentKey, [span]);
    else siblings.push(span);
    this.#weight += weightOf(span);
    if (isRequest(span)) this.#over.push({ request: span, taken: this.#taken });
  }

  #handOnOldest(): void {
    const roots = new Set<EngineSpan>();
    let weight = 0;
    for (const span of this.#held.values()) {
      if (weight > this.#maxWeight / 2) break;
      weight += weightOf(span);
      roots.add(this.#topmost(span));
    }
    this.#handOnAll([...roots]);
  }

  #topmost(span: EngineSpan): EngineSpan {
    let topmost = span;
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      const parent = this.#held.get(keyOf(topmost.trace, topmost.parent));
      if (parent === undefined || parent === span) break;
      topmost = parent;
    }
    return topmost;
  }

  /** Removes spans with all their descendants, and hands them on together. */
  #handOnAll(roots: readonly EngineSpan[]): void {
    const found: EngineSpan[] = [];
    const next = [...roots];
    for (let span = next.pop(); span !== undefined; span = next.pop()) {
      const key = keyOf(span.trace, span.id);
      if (!this.#held.delete(key)) continue;
      this.#weight -= weightOf(span);
      this.#forgetInParent(span);
      found.push(span);
      for (const child of this.#byParent.get(key) ?? []) next.push(child);
    }
    if (found.length > 0) this.#handOn(found, false);
  }

  #forgetInParent(span: EngineSpan): void {
    const parentKey = keyOf(span.trace, span.parent);
    const siblings = this.#byParent.get(parentKey) ?? [];
    const at = siblings.indexOf(span);
    if (at < 0) return;
    // Swaps with the last one: with thousands of siblings, shifting would be too slow.
    siblings[at] = siblings[siblings.length - 1] as EngineSpan;
    siblings.pop();
    if (siblings.length === 0) this.#byParent.delete(parentKey);
  }
}

function keyOf(trace: string, id: string): string {
  return `${trace}${id}`;
}
