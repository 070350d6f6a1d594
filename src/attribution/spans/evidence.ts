/** What the spans of an engine prove of the hosts that its requests depend on. */

import { numberField, readOptions, SOME_MILLISECONDS } from "../../options/check.js";
import type { UpstreamKind } from "../failure.js";
import { breakerName, isHelperHost } from "../hosts.js";
import { attemptsOf } from "./attempts.js";
import type { Exchange } from "./exchange.js";
import { exchangesOf } from "./exchanges.js";
import type { EngineSpan } from "./span.js";

/** What is known of one host from one request. Nothing in it holds more of the request than hosts. */
export interface Evidence {
  readonly kind: UpstreamKind;
  /** The host that was asked, with its port unless it is the default. */
  readonly host: string;
  /**
   * The host on whose behalf it was asked: a registry for its token server, layer store or mirror, the
   * host of the URL for one that it leads to; else the same as `host`.
   */
  readonly servesHost: string;
  /** `"limited"`: it answered 429. `"answered"`: anything else that is no failure of the host. */
  readonly outcome: "answered" | "failed" | "limited";
  /** The HTTP status, when there was one and the engine tells it. */
  readonly status: number | null;
  /** When the exchange ended, in milliseconds since 1970. */
  readonly at: number;
  /**
   * How long the exchange took, in milliseconds; of several that ended alike, the longest of those
   * that cannot be forged.
   */
  readonly durationMs: number;
  /**
   * Whether code in a container could have sent this. That a host failed is then told by the function of
   * a module at most, never below a command or a service, and is one failure of this process: it neither
   * opens a circuit at once nor counts in a store. That it was slow, or hung until a timeout, is no proof.
   */
  readonly forgeable: boolean;
  /** The parent that the request was sent with, in hex: which request it was. */
  readonly requestId: string;
}

/** What {@link evidenceFromSpans} may be told. */
export interface EvidenceOptions {
  /**
   * Our own time-out, in milliseconds above 0, when that ended the requests: an exchange that was cut
   * off after at least half of it is then a failure of its host, unless it can be forged. Without it, what somebody gave up
   * proves nothing.
   */
  readonly timedOutAfterMs?: number | undefined;
}

const FIELDS = { timedOutAfterMs: numberField(undefined, SOME_MILLISECONDS) };

/** The worst of several outcomes is the one that a request had with a host. */
const WEIGHT = { answered: 0, limited: 1, failed: 2 } as const;

/**
 * Reads what spans of an engine prove: one outcome for each request and breaker.
 *
 * Spans can be forged by code in a user's container, so a failure counts only in a request whose
 * answer failed for a reason that is not the user's; the caller knows the answers.
 *
 * @param spans Finished spans in any order, of any number of requests; unknown ones are passed over.
 * @returns In the order in which the exchanges began; empty when no host was asked. Repetitions by the
 * engine, look-ups of tokens that worked, exchanges that somebody cancelled, cached calls and failures
 * below a command make none.
 * @throws TypeError or RangeError for a wrong option.
 * @example
 * ```ts
 * import { evidenceFromSpans } from "dagger-circuit-breaker/attribution";
 *
 * const [proof] = evidenceFromSpans([
 *   {
 *     scope: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
 *     name: "remotes.docker.resolver.HTTPRequest",
 *     trace: "0af7651916cd43dd8448eb211c80319c",
 *     id: "b7ad6b7169203331",
 *     parent: "00f067aa0ba902b7",
 *     startNs: "1795473288102464821",
 *     endNs: "1795473288158790397",
 *     status: "error",
 *     message: "",
 *     attributes: {
 *       "http.request.method": "HEAD",
 *       "server.address": "ghcr.io",
 *       "http.response.status_code": 503,
 *     },
 *   },
 * ]);
 * console.assert(proof?.host === "ghcr.io" && proof.outcome === "failed");
 * ```
 */
export function evidenceFromSpans(
  spans: readonly EngineSpan[],
  options?: EvidenceOptions,
): Evidence[] {
  const { timedOutAfterMs } = readOptions("evidenceFromSpans", options, FIELDS);
  const merged = new Map<string, Evidence>();
  const exchanges = exchangesOf(spans).map((one) => judgeCancelled(one, timedOutAfterMs));
  for (const { last } of attemptsOf(exchanges)) {
    const evidence = evidenceOf(last);
    if (evidence === undefined) continue;
    const key = `${evidence.requestId} ${breakerName(evidence.kind, evidence.host)}`;
    merged.set(key, worse(merged.get(key), evidence));
  }
  return [...merged.values()];
}

/** An exchange that our own time-out cut off after it had run for long is a failure of its host. */
function judgeCancelled(exchange: Exchange, timedOutAfterMs: number | undefined): Exchange {
  const { outcome, durationMs, origin } = exchange;
  if (outcome !== "cancelled" || timedOutAfterMs === undefined || origin !== "engine") {
    return exchange;
  }
  return durationMs < timedOutAfterMs / 2 ? exchange : { ...exchange, outcome: "failed" };
}

function evidenceOf(exchange: Exchange): Evidence | undefined {
  const { kind, host, servesHost, outcome, status, startMs, durationMs } = exchange;
  const { origin, requestId } = exchange;
  if (outcome === "cancelled" || outcome === "silent") return undefined;
  if (outcome === "answered" && isHelperHost(host)) return undefined;
  if (outcome !== "answered" && origin === "command") return undefined;
  const forgeable = origin !== "engine";
  const at = Math.round(startMs + durationMs);
  return { kind, host, servesHost, outcome, status, at, durationMs, forgeable, requestId };
}

/** What only the engine can have sent tells more of a failure than what a function can have made up. */
function worse(before: Evidence | undefined, evidence: Evidence): Evidence {
  if (before === undefined) return evidence;
  const bothFailed = before.outcome !== "answered" && evidence.outcome !== "answered";
  const difference = WEIGHT[evidence.outcome] - WEIGHT[before.outcome];
  if (difference !== 0 && !(bothFailed && evidence.forgeable !== before.forgeable)) {
    return difference > 0 ? evidence : before;
  }
  if (evidence.forgeable !== before.forgeable) return before.forgeable ? evidence : before;
  return evidence.durationMs > before.durationMs ? evidence : before;
}
