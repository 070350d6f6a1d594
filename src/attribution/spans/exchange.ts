/** One exchange with a host. Its HTTP status or its error message shows the outcome. */

import { classifyFailure } from "../classify/classify-failure.js";
import type { UpstreamKind } from "../failure.js";
import type { SpanOrigin } from "./forgeable.js";
import type { EngineSpan } from "./span.js";

/**
 * The outcome of an exchange. `cancelled`: the caller stopped it. `silent`: it proves nothing, such as the
 * first 401 of a registry, which only asks for a token.
 */
export type ExchangeOutcome = "answered" | "failed" | "limited" | "cancelled" | "silent";

/**
 * One exchange of the engine with a host. `target` contains a part of the request, so it must not be shown.
 */
export interface Exchange {
  readonly kind: UpstreamKind;
  /** The host that the engine contacted, with any port other than the default. */
  readonly host: string;
  /**
   * The host for which `host` answered, such as the registry of a token server, CDN or mirror. Otherwise
   * equal to `host`.
   */
  readonly servesHost: string;
  /**
   * The method and the path, the URL, or the git command. Repetitions of one exchange have the same target.
   * Other exchanges of the request have different targets.
   */
  readonly target: string;
  readonly outcome: ExchangeOutcome;
  readonly status: number | null;
  /** The start, in milliseconds since 1970. */
  readonly startMs: number;
  readonly durationMs: number;
  /** The possible senders of the span. */
  readonly origin: SpanOrigin;
  readonly requestId: string;
}

/** Returns the outcome of an exchange, from its status and the message of its span. */
export function outcomeOf(
  { status: spanStatus, message }: EngineSpan,
  status: number | null,
): ExchangeOutcome {
  const cut = spanStatus === "error" && message !== "";
  if (status === null || (cut && status < 400)) return outcomeOfMessage(message);
  if (status === 429) return "limited";
  return status === 408 || status >= 500 ? "failed" : "answered";
}

/**
 * Returns the outcome that the error message of a span shows. A certificate that this machine does not
 * trust does not count as an outage.
 */
function outcomeOfMessage(message: string): ExchangeOutcome {
  if (message.includes("context canceled")) return "cancelled";
  return message.includes("x509:") ? "silent" : "failed";
}

/**
 * Returns the outcome of a call of the API that failed with this message. `host` is the failed host in the
 * message, or null.
 */
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

/** Returns the HTTP status of a span, or null. */
export function statusOf({ attributes }: EngineSpan): number | null {
  const status = Number(attributes["http.response.status_code"]);
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : null;
}

const NS_DIGITS_OF_MS = 6;

/** Returns the start of a span in milliseconds. */
export function startMsOf({ startNs }: EngineSpan): number {
  return millisecondsOf(startNs);
}

/** Returns the duration of a span in milliseconds, never negative. */
export function durationMsOf({ startNs, endNs }: EngineSpan): number {
  return Math.max(0, millisecondsOf(endNs) - millisecondsOf(startNs));
}

/** Converts nanoseconds, given as a text of digits, to milliseconds with three decimal places. */
function millisecondsOf(ns: string): number {
  if (!/^[0-9]{7,20}$/.test(ns)) return 0;
  const whole = ns.length - NS_DIGITS_OF_MS;
  return Number(ns.slice(0, whole)) + Number(ns.slice(whole, whole + 3)) / 1000;
}
