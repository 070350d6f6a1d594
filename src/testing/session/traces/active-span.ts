/** A span of the engine's work, from its begin to its end. */

import { randomBytes } from "node:crypto";
import type { OwnAttribute, OwnSpan } from "../../../traces/otlp/encode.js";
import { EngineError } from "../faults/wire-errors.js";

export type Attributes = Readonly<Record<string, OwnAttribute>>;

/** The instrumentation scopes of an engine's spans. */
export const SCOPES = {
  server: "dagger.io/engine.server",
  core: "dagger.io/core",
  dagql: "dagger.io/dagql",
  git: "dagger.io/gitutil",
  buildkit: "dagger.io/engine.buildkit",
  http: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
  tracer: "go.opentelemetry.io/otel/sdk/tracer",
} as const;

export type Scope = (typeof SCOPES)[keyof typeof SCOPES];

/** The engine's message for work that no client waits for any more. */
export const CANCELED = "context canceled";

/** How a span ended. */
export interface SpanEnd {
  /** Default: `"ok"`. */
  readonly status?: OwnSpan["status"];
  readonly message?: string;
  readonly attributes?: Attributes;
}

/** The part of a span that is known when it begins. */
type BegunSpan = Pick<OwnSpan, "scope" | "name" | "parent" | "attributes" | "startNs">;

/** A trace, with the receiver of its spans. */
export interface OpenTrace {
  readonly id: string;
  readonly take: (span: OwnSpan) => void;
  /** Spans that ended, but are parents of later work in the same request. */
  readonly kept: Map<string, ActiveSpan>;
}

/** A span that has begun. For a request that is not traced it costs nothing and is not exported. */
export class ActiveSpan {
  /** The span of a request that is not traced. Its children and its end do nothing. */
  static readonly NONE = new ActiveSpan(undefined, {
    scope: SCOPES.server,
    name: "",
    parent: "",
    attributes: {},
    startNs: "0",
  });

  readonly #trace: OpenTrace | undefined;
  readonly #id = randomBytes(8).toString("hex");
  readonly #begun: BegunSpan;
  #twinOf: ActiveSpan | undefined;

  constructor(trace: OpenTrace | undefined, begun: BegunSpan) {
    this.#trace = trace;
    this.#begun = begun;
  }

  /**
   * Returns the `traceparent` for a child process. If the request is not traced, the value has the flag
   * for "not sampled".
   */
  traceparent(): string {
    if (this.#trace !== undefined) return `00-${this.#trace.id}-${this.#id}-01`;
    return `00-${randomBytes(16).toString("hex")}-${this.#id}-00`;
  }

  /** Whether the span will be exported. */
  get isTraced(): boolean {
    return this.#trace !== undefined;
  }

  /** The span as error messages name it, `TRACE-SPAN`; undefined if the request is not traced. */
  get origin(): string | undefined {
    return this.#trace && `${this.#trace.id}-${this.#id}`;
  }

  /** Keeps this span as the parent of later work in this request, even after it has ended. */
  keep(key: string): void {
    this.#trace?.kept.set(key, this.#twinOf ?? this);
  }

  /** Returns the span that was kept under this key. */
  kept(key: string): ActiveSpan | undefined {
    return this.#trace?.kept.get(key);
  }

  /** Begins a span below this one. */
  child(
    scope: Scope,
    name: string,
    attributes: Attributes = {},
    startNs: string = nowNs(),
  ): ActiveSpan {
    if (this.#trace === undefined) return this;
    return new ActiveSpan(this.#trace, { scope, name, parent: this.#id, attributes, startNs });
  }

  /** Begins the second span of a call, its twin. Later work that is kept for the twin is below the first span. */
  twin(name: string, attributes: Attributes, startNs?: string): ActiveSpan {
    const twin = this.child(SCOPES.dagql, name, attributes, startNs);
    if (twin !== this) twin.#twinOf = this;
    return twin;
  }

  /** Ends the span and exports it. */
  end({ status = "ok", message = "", attributes = {} }: SpanEnd = {}): void {
    this.#trace?.take({
      ...this.#begun,
      trace: this.#trace.id,
      id: this.#id,
      endNs: nowNs(),
      status,
      message,
      attributes: { ...this.#begun.attributes, ...attributes },
    });
  }

  /** Runs work, then ends the span with the result. */
  async run<T>(work: () => Promise<T>, succeeded: () => SpanEnd = () => ({})): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (error) {
      this.end(failedEnd(error));
      throw error;
    }
    this.end(succeeded());
    return result;
  }
}

/** Returns how a span ends if its work failed: with the engine's message, or as canceled. */
export function failedEnd(error: unknown): SpanEnd {
  const message = error instanceof EngineError ? error.message : CANCELED;
  return { status: "error", message };
}

/** Returns the time in nanoseconds since 1970, with the microseconds of this process's clock. */
export function nowNs(): string {
  return `${Math.round((performance.timeOrigin + performance.now()) * 1_000)}000`;
}
