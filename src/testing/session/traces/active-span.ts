/** Spans as an engine makes them for what it does: opened, nested and ended while work goes on. */

import { randomBytes } from "node:crypto";
import type { OwnAttribute, OwnSpan } from "../../../traces/otlp/encode.js";
import { EngineError } from "../faults/wire-errors.js";

/** What attributes a span has. */
export type Attributes = Readonly<Record<string, OwnAttribute>>;

/** The instrumentation scopes of an engine. */
export const SCOPES = {
  server: "dagger.io/engine.server",
  core: "dagger.io/core",
  dagql: "dagger.io/dagql",
  git: "dagger.io/gitutil",
  buildkit: "dagger.io/engine.buildkit",
  http: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
  tracer: "go.opentelemetry.io/otel/sdk/tracer",
} as const;

/** One of them. */
export type Scope = (typeof SCOPES)[keyof typeof SCOPES];

/** What an engine says of work that nobody waits for any more. */
export const CANCELED = "context canceled";

/** How a span ended. */
export interface SpanEnd {
  /** Default: `"ok"`. */
  readonly status?: OwnSpan["status"];
  readonly message?: string;
  readonly attributes?: Attributes;
}

/** A trace that takes spans which have ended. */
interface OpenTrace {
  readonly id: string;
  readonly take: (span: OwnSpan) => void;
  /** Spans under which later work of the same request will stand. */
  readonly kept: Map<string, ActiveSpan>;
}

/** A span that has begun. One of a request that nobody traces costs nothing and tells nobody. */
export class ActiveSpan {
  /** Stands in where nothing is traced: its children and its end are nothing too. */
  static readonly NONE = new ActiveSpan(undefined, SCOPES.server, "", "", {}, "0");

  readonly #trace: OpenTrace | undefined;
  readonly #id = randomBytes(8).toString("hex");
  readonly #scope: Scope;
  readonly #name: string;
  readonly #parent: string;
  readonly #attributes: Attributes;
  readonly #startNs: string;
  #twinOf: ActiveSpan | undefined;

  constructor(
    trace: OpenTrace | undefined,
    scope: Scope,
    name: string,
    parent: string,
    attributes: Attributes,
    startNs: string,
  ) {
    this.#trace = trace;
    this.#scope = scope;
    this.#name = name;
    this.#parent = parent;
    this.#attributes = attributes;
    this.#startNs = startNs;
  }

  /** Itself as the parent of what another process does; one of no trace where nobody hears of it. */
  traceparent(): string {
    if (this.#trace !== undefined) return `00-${this.#trace.id}-${this.#id}-01`;
    return `00-${randomBytes(16).toString("hex")}-${this.#id}-00`;
  }

  /** Whether anybody hears of it. */
  get isTraced(): boolean {
    return this.#trace !== undefined;
  }

  /** The span as messages name it; undefined for one that nobody hears of. */
  get origin(): string | undefined {
    return this.#trace && `${this.#trace.id}-${this.#id}`;
  }

  /** Lets later work of this request stand under this span, though it will have ended by then. */
  keep(key: string): void {
    this.#trace?.kept.set(key, this.#twinOf ?? this);
  }

  /** The span that was kept in this request. */
  kept(key: string): ActiveSpan | undefined {
    return this.#trace?.kept.get(key);
  }

  /** Begins a span within this one. */
  child(
    scope: Scope,
    name: string,
    attributes: Attributes = {},
    startNs: string = nowNs(),
  ): ActiveSpan {
    if (this.#trace === undefined) return this;
    return new ActiveSpan(this.#trace, scope, name, this.#id, attributes, startNs);
  }

  /** Begins the second span of a call: what is kept of it stands under the first. */
  twin(name: string, attributes: Attributes, startNs?: string): ActiveSpan {
    const twin = this.child(SCOPES.dagql, name, attributes, startNs);
    if (twin !== this) twin.#twinOf = this;
    return twin;
  }

  /** Ends the span and hands it on. */
  end({ status = "ok", message = "", attributes = {} }: SpanEnd = {}): void {
    this.#trace?.take({
      scope: this.#scope,
      name: this.#name,
      trace: this.#trace.id,
      id: this.#id,
      parent: this.#parent,
      startNs: this.#startNs,
      endNs: nowNs(),
      status,
      message,
      attributes: { ...this.#attributes, ...attributes },
    });
  }

  /** Does work, then ends the span as the work ended. */
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

/** How a span ends whose work failed: in the engine's words, or because nobody waited for it. */
export function failedEnd(error: unknown): SpanEnd {
  const message = error instanceof EngineError ? error.message : CANCELED;
  return { status: "error", message };
}

/** Now, in nanoseconds since 1970, as exact as the clock of this process tells it. */
export function nowNs(): string {
  return `${Math.round((performance.timeOrigin + performance.now()) * 1_000)}000`;
}
