/**
 * Collects the spans of each GraphQL request, and passes them on together once the request has
 * ended.
 */

import { type EngineSpan, hasEnded } from "../../attribution/spans/span.js";
import { isRequest } from "../../attribution/spans/span-tree.js";
import { lightSpan, weightOf } from "../../traces/otlp/light-span.js";

/**
 * The memory limit for held spans, in characters. Each span counts its texts and a fixed amount.
 */
const MAX_WEIGHT = 16 * 1024 * 1024;
/**
 * The number of further spans after which an ended request is passed on. The wait is needed because
 * the last spans of a request may be late.
 */
const LATE_SPANS = 200;
/** The maximum number of ancestors to follow, because forged spans can form a loop. */
const MAX_DEPTH = 200;

/**
 * A buffer that groups spans by request. Memory depends only on the requests that run at the same
 * time. A request with too many spans is passed on in parts. The oldest spans come first, together
 * with their known ancestors and descendants.
 */
export class RequestSpans {
  readonly #handOn: (spans: readonly EngineSpan[], isWhole: boolean) => void;
  readonly #maxWeight: number;
  readonly #held = new Map<string, EngineSpan>();
  readonly #byParent = new Map<string, EngineSpan[]>();
  /**
   * Ended requests that wait for late spans. `taken` is the number of spans that had arrived when
   * the request ended.
   */
  #over: { readonly request: EngineSpan; readonly taken: number }[] = [];
  #taken = 0;
  #weight = 0;

  /**
   * @param handOn Receives spans that belong together. `isWhole` is true if no ancestor of the
   * spans can be missing. Only `end` passes true, because an ancestor may arrive later than its
   * descendants.
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

  /** Adds the spans of one received body. */
  take(spans: readonly EngineSpan[]): void {
    for (const span of spans) {
      if (hasEnded(span)) this.#hold(lightSpan(span));
      if (this.#weight > this.#maxWeight) this.#handOnOldest();
    }
    const waiting = this.#over.findIndex(({ taken }) => taken + LATE_SPANS > this.#taken);
    const done = this.#over.splice(0, waiting < 0 ? this.#over.length : waiting);
    for (const { request } of done) this.#handOnAll([request]);
  }

  /** Passes on all remaining spans. */
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

  /** Removes spans with all their descendants, and passes them on together. */
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
    // Moves the last sibling into the gap. With thousands of siblings, `splice` would be too slow.
    siblings[at] = siblings[siblings.length - 1] as EngineSpan;
    siblings.pop();
    if (siblings.length === 0) this.#byParent.delete(parentKey);
  }
}

function keyOf(trace: string, id: string): string {
  return `${trace}${id}`;
}
