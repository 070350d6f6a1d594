/** The spans of running a command. 1.0 has three below the call, earlier engines none. */

import type { Work } from "../engine/context.js";
import type { EngineError } from "../faults/wire-errors.js";
import {
  ActiveSpan,
  type Attributes,
  failedEnd,
  SCOPES,
  type SpanEnd,
} from "../traces/active-span.js";

export class ExecTrace {
  readonly #work: Work;
  readonly #call: ActiveSpan;
  readonly #run: ActiveSpan;
  readonly #process: ActiveSpan;

  /** @param call The span of the call that runs the command. */
  constructor(work: Work, call: ActiveSpan) {
    this.#work = work;
    this.#call = call;
    const parent = work.engine.isOne ? call : ActiveSpan.NONE;
    this.#run = parent.child(SCOPES.buildkit, "exec.run", kind("exec"));
    const phase = kind("exec_phase");
    this.#run.child(SCOPES.buildkit, "exec.containerStart", phase).end({ status: "unset" });
    this.#process = this.#run.child(SCOPES.buildkit, "exec.processRun", phase);
  }

  /** @param error The error of the call, if the exit code was not expected. */
  end(exitCode: number, error: EngineError | undefined): void {
    const message = `/usr/local/bin/runc did not terminate successfully: exit status ${exitCode}`;
    this.#process.end(exitCode === 0 ? { status: "unset" } : { status: "error", message });
    this.#run.end(error === undefined ? {} : { status: "error", message: error.message });
    if (error !== undefined) this.#work.session.locate(error, this.#call);
  }

  /** Ends the spans of a command that did not end by itself. */
  fail(error: unknown): void {
    const end: SpanEnd = failedEnd(error);
    this.#process.end(end);
    this.#run.end(end);
  }
}

function kind(of: string): Attributes {
  return { "dagger.io/ui.passthrough": true, "wcprof.op.kind": of };
}
