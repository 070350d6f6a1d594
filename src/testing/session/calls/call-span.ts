/**
 * The spans of a call of the API. Engines up to 0.21 send one. 1.0 sends two: the second, its twin, is
 * below the first.
 */

import type { Work } from "../engine/context.js";
import { EngineError } from "../faults/wire-errors.js";
import {
  type ActiveSpan,
  type Attributes,
  CANCELED,
  failedEnd,
  SCOPES,
  type SpanEnd,
} from "../traces/active-span.js";

/** Attributes that only the twin span has. */
export const TWIN: Attributes = { "dagger.io/ui.passthrough": true, "wcprof.op.kind": "call_exec" };

/** How the spans of a call look. */
export interface CallTrace {
  /** Whether there is no twin even on 1.0: for a cached call, or for one whose result is never kept. */
  readonly isSingle?: boolean;
  /** The name of the twin span, if it differs from the first. */
  readonly twinName?: string;
  /** When the call began. Default: now. */
  readonly startNs?: string;
}

/** The spans of a call that has begun. */
export class CallSpan {
  readonly #work: Work;
  readonly #core: ActiveSpan;
  readonly #twin: ActiveSpan | undefined;

  /** Begins the spans of a call below the span of the work. */
  constructor(
    work: Work,
    name: string,
    attributes: Attributes,
    { isSingle = false, twinName = name, startNs }: CallTrace = {},
  ) {
    this.#work = work;
    this.#core = work.span.child(SCOPES.core, name, attributes, startNs);
    if (work.engine.isOne && !isSingle) this.#twin = this.#core.twin(twinName, TWIN, startNs);
  }

  /** The parent span for the work of the call. */
  get inner(): ActiveSpan {
    return this.#twin ?? this.#core;
  }

  end(end: SpanEnd = {}): void {
    this.#twin?.end({ ...end, attributes: {} });
    this.#core.end(end);
  }

  /** Ends the spans as failed. On 1.0, the message names the innermost span that failed. */
  fail(error: unknown): void {
    const end = failedEnd(error);
    this.#twin?.end(end);
    this.#core.end(
      end.message === CANCELED ? { ...end, attributes: { "dagger.io/dag.canceled": true } } : end,
    );
    const { engine, session } = this.#work;
    if (engine.isOne && error instanceof EngineError) session.locate(error, this.#core);
  }

  /** Runs the work of the call, then ends its spans. */
  async run<T>(make: (work: Work) => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await make({ ...this.#work, span: this.inner });
    } catch (error) {
      this.fail(error);
      throw error;
    }
    this.end();
    return result;
  }
}
