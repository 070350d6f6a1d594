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

/** What only the second span of a call has. */
export const TWIN: Attributes = { "dagger.io/ui.passthrough": true, "wcprof.op.kind": "call_exec" };

/** How a call is traced. */
export interface CallTrace {
  /** Whether it has one span on 1.0 as well, as what came from the cache and what is never kept there. */
  readonly isSingle?: boolean;
  /** The name of the second span, where it differs. */
  readonly twinName?: string;
  /** When it began. Default: now. */
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

  /** Under which stands what the call does. */
  get inner(): ActiveSpan {
    return this.#twin ?? this.#core;
  }

  end(end: SpanEnd = {}): void {
    this.#twin?.end({ ...end, attributes: {} });
    this.#core.end(end);
  }

  /** Ends it as work that failed; the innermost call of several is the one that its message names on 1.0. */
  fail(error: unknown): void {
    const end = failedEnd(error);
    this.#twin?.end(end);
    this.#core.end(
      end.message === CANCELED ? { ...end, attributes: { "dagger.io/dag.canceled": true } } : end,
    );
    const { engine, session } = this.#work;
    if (engine.isOne && error instanceof EngineError) session.locate(error, this.#core);
  }

  /** Does what the call does, then ends it. */
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
