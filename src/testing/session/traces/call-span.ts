/** The span of a call: one on engines up to 0.21; on 1.0 two, the second within the first. */

import type { Work } from "../engine/context.js";
import { EngineError } from "../faults/wire-errors.js";
import {
  type ActiveSpan,
  type Attributes,
  CANCELED,
  failedEnd,
  SCOPES,
  type SpanEnd,
} from "./active-span.js";

/** Attributes of only the second span of a call. */
export const TWIN: Attributes = { "dagger.io/ui.passthrough": true, "wcprof.op.kind": "call_exec" };

/** The form of a call's trace. */
export interface CallTrace {
  /** Whether it has one span on 1.0 as well: a cached call, or one whose result is never kept. */
  readonly isSingle?: boolean;
  /** The name of the second span, if it differs. */
  readonly twinName?: string;
  /** Its start. Default: now. */
  readonly startNs?: string;
}

/** A call that has begun. */
export class CallSpan {
  readonly #work: Work;
  readonly #core: ActiveSpan;
  readonly #twin: ActiveSpan | undefined;

  /** Begins a call below the span of the work. */
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

  /** The parent of the call's own work. */
  get inner(): ActiveSpan {
    return this.#twin ?? this.#core;
  }

  end(end: SpanEnd = {}): void {
    this.#twin?.end({ ...end, attributes: {} });
    this.#core.end(end);
  }

  /** Ends it as failed. On 1.0 the message names the innermost of several calls. */
  fail(error: unknown): void {
    const end = failedEnd(error);
    this.#twin?.end(end);
    this.#core.end(
      end.message === CANCELED ? { ...end, attributes: { "dagger.io/dag.canceled": true } } : end,
    );
    const { engine, session } = this.#work;
    if (engine.isOne && error instanceof EngineError) session.locate(error, this.#core);
  }

  /** Does the work of the call, then ends it. */
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
