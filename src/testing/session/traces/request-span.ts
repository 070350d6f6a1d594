/** The span of one request to the session's `/query`, under which all that it causes stands. */

import { randomBytes } from "node:crypto";
import type { OwnSpan } from "../../../traces/otlp/encode.js";
import { parseTraceparent } from "../../../traces/trace-context.js";
import { ActiveSpan, nowNs, SCOPES } from "./active-span.js";

/** Whoever gets the spans of a session. */
export interface SpanSink {
  /** Takes a span that has ended. */
  add(span: OwnSpan): void;
  /** The CLI process of the session was killed: what it had not sent yet never leaves. */
  abandon(): void;
  /** Settles when all that was taken has left. Never rejects. */
  flush(): Promise<void>;
}

/** A request and the trace it belongs to. */
export interface RequestTrace {
  readonly traceId: string;
  readonly span: ActiveSpan;
}

/**
 * Begins the span of a request. Its parent is what the header `traceparent` says; a request whose
 * header says that it is not sampled has none.
 */
export function beginRequest(
  method: string,
  traceparent: string | undefined,
  take: ((span: OwnSpan) => void) | undefined,
): RequestTrace {
  const parent = parseTraceparent(traceparent);
  const traceId = parent?.traceId ?? randomBytes(16).toString("hex");
  if (take === undefined || parent?.sampled === false) return { traceId, span: ActiveSpan.NONE };
  const attributes = { "dagger.io/ui.passthrough": true };
  const trace = { id: traceId, take, kept: new Map() };
  const name = `${method} /query`;
  const parentId = parent?.spanId ?? "";
  return {
    traceId,
    span: new ActiveSpan(trace, SCOPES.server, name, parentId, attributes, nowNs()),
  };
}
