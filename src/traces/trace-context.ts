/** Reads and creates W3C trace contexts, which name the trace and the span that a request belongs to. */

import { randomBytes } from "node:crypto";

/** Matches version, trace id, parent id and flags, and anything that a later version adds. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** The length of a `traceparent` header of version 00. */
const PLAIN_LENGTH = 55;
const SAMPLED = 1;

/** The content of a `traceparent` header. */
export interface TraceParent {
  /** The id of the trace: 32 hex digits. */
  readonly traceId: string;
  /** The id of the span that sent the header: 16 hex digits. */
  readonly spanId: string;
  /** Whether the trace is recorded. Otherwise the engine exports nothing for the request. */
  readonly sampled: boolean;
}

/** A new span, with the `traceparent` header that makes other spans its children. */
export interface TraceContext extends TraceParent {
  /** The id of the parent span; undefined for the first span of a trace. */
  readonly parentSpanId: string | undefined;
  /** The `traceparent` header to send. */
  readonly header: string;
}

/**
 * Reads a `traceparent` header as strictly as the standard does. Capital letters and ids of zeros are
 * invalid. Additions to version 00 are invalid too.
 *
 * @returns The content of the header; undefined when the header is missing or invalid.
 * @example
 * ```ts
 * import { parseTraceparent } from "dagger-circuit-breaker/traces";
 *
 * const parent = parseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
 * console.log(parent?.sampled);
 * ```
 */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  const match = TRACEPARENT.exec(header ?? "");
  if (match === null) return undefined;
  const [text, version = "", traceId = "", spanId = "", flags = ""] = match;
  if (version === "ff" || (version === "00" && text.length !== PLAIN_LENGTH)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/**
 * Creates a span. With a valid `traceparent`, the new span is a child of that span, with the same sampling.
 * Otherwise it is the first span of a new, sampled trace.
 * @example
 * ```ts
 * import { childOf } from "dagger-circuit-breaker/traces";
 *
 * const context = childOf(process.env.TRACEPARENT);
 * console.log(context.header);
 * ```
 */
export function childOf(traceparent: string | undefined): TraceContext {
  const parent = parseTraceparent(traceparent);
  const traceId = parent?.traceId ?? randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  const sampled = parent?.sampled ?? true;
  const header = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
  return { traceId, spanId, parentSpanId: parent?.spanId, sampled, header };
}
