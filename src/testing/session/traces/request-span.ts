/** The span of one request to `/query`. All spans that the request causes are below it. */

import { randomBytes } from "node:crypto";
import type { OwnSpan } from "../../../traces/otlp/encode.js";
import { parseTraceparent } from "../../../traces/trace-context.js";
import { ActiveSpan, nowNs, SCOPES } from "./active-span.js";

/** The receiver of a session's spans. */
export interface SpanSink {
  /** Takes a span that has ended. */
  add(span: OwnSpan): void;
  /** Drops the spans that were not sent, because the CLI of the session was killed. */
  abandon(): void;
  /** Sends all spans. Resolves when they are sent. Never rejects. */
  flush(): Promise<void>;
}

/** The trace of one request. */
export interface RequestTrace {
  readonly traceId: string;
  readonly span: ActiveSpan;
}

/**
 * Begins the span of a request, below the span in the `traceparent` header. If the header marks the trace
 * as not sampled, there is no span.
 */
export function beginRequest(
  method: string,
  traceparent: string | undefined,
  take: ((span: OwnSpan) => void) | undefined,
): RequestTrace {
  const parent = parseTraceparent(traceparent);
  const traceId = parent?.traceId ?? randomBytes(16).toString("hex");
  if (take === undefined || parent?.sampled === false) return { traceId, span: ActiveSpan.NONE };
  const span = new ActiveSpan(
    { id: traceId, take, kept: new Map() },
    {
      scope: SCOPES.server,
      name: `${method} /query`,
      parent: parent?.spanId ?? "",
      attributes: { "dagger.io/ui.passthrough": true },
      startNs: nowNs(),
    },
  );
  return { traceId, span };
}
