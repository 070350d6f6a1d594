/** What one exchange with a host was, and how an HTTP status or the lack of one is read. */

import { classifyFailure } from "../classify/classify-failure.js";
import type { UpstreamKind } from "../failure.js";
import type { SpanOrigin } from "./forgeable.js";
import type { EngineSpan } from "./span.js";

/**
 * How an exchange ended. `cancelled`: somebody gave up; `silent`: it proves nothing, as the first 401
 * of a registry, which only asks for a token.
 */
export type ExchangeOutcome = "answered" | "failed" | "limited" | "cancelled" | "silent";

/** One exchange of the engine with a host. `target` holds a path and must not be shown. */
export interface Exchange {
  readonly kind: UpstreamKind;
  /** The host that was asked, with its port unless it is the default. */
  readonly host: string;
  /** The host on whose behalf: a registry for its token server, CDN or mirror; else the same. */
  readonly servesHost: string;
  /** What tells a repetition from another exchange of the same request. */
  readonly target: string;
  readonly outcome: ExchangeOutcome;
  readonly status: number | null;
  /** When it began, in milliseconds since 1970. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Who can have sent its span. */
  readonly origin: SpanOrigin;
  readonly requestId: string;
}

/** How an exchange with that status and that message of its span ended. */
export function outcomeOf(
  { status: spanStatus, message }: EngineSpan,
  status: number | null,
): ExchangeOutcome {
  const cut = spanStatus === "error" && message !== "";
  if (status === null || (cut && status < 400)) return outcomeOfMessage(message);
  if (status === 429) return "limited";
  return status === 408 || status >= 500 ? "failed" : "answered";
}

/** A certificate that is not trusted here is nobody's outage; somebody who gave up tells nothing. */
function outcomeOfMessage(message: string): ExchangeOutcome {
  if (message.includes("context canceled")) return "cancelled";
  return message.includes("x509:") ? "silent" : "failed";
}

/** How a core call that failed with that message went for the host it asked. */
export function outcomeOfCall(
  message: string,
  operation: "http" | "git",
): { readonly outcome: ExchangeOutcome; readonly host: string | null } {
  if (message.includes("context canceled")) return { outcome: "cancelled", host: null };
  const failure = classifyFailure(message, { operation });
  const host = failure.upstreamKind === operation ? failure.upstream : null;
  if (failure.counts && failure.fault === operation) {
    return { outcome: failure.limited ? "limited" : "failed", host };
  }
  return { outcome: failure.answered ? "answered" : "silent", host };
}

/** The HTTP status of a span; null when there was none. */
export function statusOf({ attributes }: EngineSpan): number | null {
  const status = Number(attributes["http.response.status_code"]);
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : null;
}

const NS_DIGITS_OF_MS = 6;

/** When a span began, in milliseconds. */
export function startMsOf({ startNs }: EngineSpan): number {
  return millisecondsOf(startNs);
}

/** How long a span took, in milliseconds; never negative. */
export function durationMsOf({ startNs, endNs }: EngineSpan): number {
  return Math.max(0, millisecondsOf(endNs) - millisecondsOf(startNs));
}

/** Nanoseconds as digits, in milliseconds; the fraction keeps microseconds. */
function millisecondsOf(ns: string): number {
  if (!/^[0-9]{7,20}$/.test(ns)) return 0;
  const whole = ns.length - NS_DIGITS_OF_MS;
  return Number(ns.slice(0, whole)) + Number(ns.slice(whole, whole + 3)) / 1000;
}
