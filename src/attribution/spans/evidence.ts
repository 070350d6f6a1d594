/**
 * Turns the spans of an engine into observed exchanges: the outcomes of the engine's exchanges with hosts.
 */

import { numberField, readOptions, SOME_MILLISECONDS } from "../../options/check.js";
import type { UpstreamKind } from "../failure.js";
import { breakerName, isHelperHost } from "../hosts.js";
import { attemptsOf } from "./attempts.js";
import type { Exchange } from "./exchange.js";
import { exchangesOf } from "./exchanges.js";
import type { EngineSpan } from "./span.js";

/**
 * The observed exchange with one host, from the spans of one request. It contains no other part of the
 * request.
 */
export interface Evidence {
  readonly kind: UpstreamKind;
  /** The host that the engine contacted, with any port other than the default. */
  readonly host: string;
  /**
   * The host for which `host` answered, such as the registry of a token server, layer store or mirror. For a
   * redirect, it is the host that sent the redirect. Otherwise, it is equal to `host`.
   */
  readonly servesHost: string;
  /**
   * The outcome. `"limited"`: the host answered 429. `"failed"`: the host failed in another way.
   * `"answered"`: the host did not fail.
   */
  readonly outcome: "answered" | "failed" | "limited";
  /** The HTTP status. Null if there was no answer, or if the engine does not report the status. */
  readonly status: number | null;
  /** The time when the exchange ended, in milliseconds since 1970. */
  readonly at: number;
  /**
   * The duration in milliseconds. If several exchanges have this outcome, the longest one counts. A duration
   * that cannot be forged takes precedence.
   */
  readonly durationMs: number;
  /**
   * Whether code in a container could have sent this span.
   *
   * A failure below a command or a service is left out, because its span can be forged. A failure below a
   * function of a module counts as one failure, in this process only. Such a failure does not open a circuit
   * at once, is not reported to a shared store, and never proves slowness or a hang.
   */
  readonly forgeable: boolean;
  /** The id of the span with which the client sent the request, in hex. It identifies the request. */
  readonly requestId: string;
}

/** The options of {@link evidenceFromSpans}. */
export interface EvidenceOptions {
  /**
   * The timeout, in milliseconds above 0, that ended the requests. A canceled exchange that lasted at least
   * half of this time counts as a failure of its host, unless its span can be forged. Without this option, a
   * canceled exchange proves nothing.
   */
  readonly timedOutAfterMs?: number | undefined;
}

const FIELDS = { timedOutAfterMs: numberField(undefined, SOME_MILLISECONDS) };

/** If a request has several exchanges with a host, the outcome with the highest weight counts. */
const WEIGHT = { answered: 0, limited: 1, failed: 2 } as const;

/**
 * Returns the observed exchanges in the spans of an engine, one for each request and circuit breaker.
 *
 * Code in a user's container can forge spans. So count a failure only if the request failed too, and the user
 * is not at fault.
 *
 * @param spans Finished spans in any order, of any number of requests. Unknown spans are skipped.
 * @returns The observed exchanges in the order in which the exchanges began. Empty if the engine contacted no
 * host. Retries of the engine, successful token requests, canceled exchanges, cached calls and failures below
 * a command are left out.
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
    const observed = observedExchange(last);
    if (observed === undefined) continue;
    const key = `${observed.requestId} ${breakerName(observed.kind, observed.host)}`;
    merged.set(key, worse(merged.get(key), observed));
  }
  return [...merged.values()];
}

/** Makes a canceled exchange a failure of its host if it lasted at least half of our timeout. */
function judgeCancelled(exchange: Exchange, timedOutAfterMs: number | undefined): Exchange {
  const { outcome, durationMs, origin } = exchange;
  if (outcome !== "cancelled" || timedOutAfterMs === undefined || origin !== "engine") {
    return exchange;
  }
  return durationMs < timedOutAfterMs / 2 ? exchange : { ...exchange, outcome: "failed" };
}

function observedExchange(exchange: Exchange): Evidence | undefined {
  const { kind, host, servesHost, outcome, status, startMs, durationMs } = exchange;
  const { origin, requestId } = exchange;
  if (outcome === "cancelled" || outcome === "silent") return undefined;
  if (outcome === "answered" && isHelperHost(host)) return undefined;
  if (outcome !== "answered" && origin === "command") return undefined;
  const forgeable = origin !== "engine";
  const at = Math.round(startMs + durationMs);
  return { kind, host, servesHost, outcome, status, at, durationMs, forgeable, requestId };
}

/**
 * Returns the observed exchange that counts. If both failed, a span that only the engine can send wins over a
 * span that a function may have forged.
 */
function worse(before: Evidence | undefined, observed: Evidence): Evidence {
  if (before === undefined) return observed;
  const bothFailed = before.outcome !== "answered" && observed.outcome !== "answered";
  const difference = WEIGHT[observed.outcome] - WEIGHT[before.outcome];
  if (difference !== 0 && !(bothFailed && observed.forgeable !== before.forgeable)) {
    return difference > 0 ? observed : before;
  }
  if (observed.forgeable !== before.forgeable) return before.forgeable ? observed : before;
  return observed.durationMs > before.durationMs ? observed : before;
}
