/** Turns the spans of an engine into proof of how its exchanges with hosts ended. */

import { numberField, readOptions, SOME_MILLISECONDS } from "../../options/check.js";
import type { UpstreamKind } from "../failure.js";
import { breakerName, isHelperHost } from "../hosts.js";
import { attemptsOf } from "./attempts.js";
import type { Exchange } from "./exchange.js";
import { exchangesOf } from "./exchanges.js";
import type { EngineSpan } from "./span.js";

/** The proof about one host from the spans of one request. It contains no other part of the request. */
export interface Evidence {
  readonly kind: UpstreamKind;
  /** The contacted host, with a port that is not the default. */
  readonly host: string;
  /**
   * The host that `host` acts for: the registry of a token server, layer store or mirror, or the host that
   * redirected to it. Otherwise equal to `host`.
   */
  readonly servesHost: string;
  /** `"limited"`: the host answered 429. `"answered"`: anything else that is not a failure of the host. */
  readonly outcome: "answered" | "failed" | "limited";
  /** The HTTP status; null without an answer, or if the engine does not report it. */
  readonly status: number | null;
  /** When the exchange ended, in milliseconds since 1970. */
  readonly at: number;
  /**
   * The duration in milliseconds. If several exchanges have this outcome, it is the longest that cannot be
   * forged.
   */
  readonly durationMs: number;
  /**
   * Whether code in a container could have sent this span. Below a command or a service, such a span never
   * reports a failed host. Below a function of a module it may, but only as one failure in this process. Such a failure
   * does not open a circuit at once and is not reported to a shared store. It never proves slowness or a
   * hang.
   */
  readonly forgeable: boolean;
  /** The id of the span that the request was sent with, in hex. It identifies the request. */
  readonly requestId: string;
}

/** The options of {@link evidenceFromSpans}. */
export interface EvidenceOptions {
  /**
   * Our own timeout in milliseconds, above 0, if it ended the requests. An exchange that it cut off after
   * at least half of that time is then a failure of its host, unless its span can be forged. Without this
   * option, a canceled exchange proves nothing.
   */
  readonly timedOutAfterMs?: number | undefined;
}

const FIELDS = { timedOutAfterMs: numberField(undefined, SOME_MILLISECONDS) };

/** If a request has several exchanges with a host, the outcome with the highest weight counts. */
const WEIGHT = { answered: 0, limited: 1, failed: 2 } as const;

/**
 * Returns what the spans of an engine prove: one outcome for each request and circuit breaker.
 *
 * Code in a user's container can forge spans. So count a failure only if the answer to its request failed,
 * and not because of the user.
 *
 * @param spans Finished spans in any order, of any number of requests. Unknown ones are skipped.
 * @returns The outcomes in the order in which the exchanges began; empty if no host was contacted. The
 * engine's retries, successful token requests, canceled exchanges, cached calls and failures below a
 * command are left out.
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

/** Returns a failure of the host for an exchange that our timeout cut off after at least half of its time. */
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

/**
 * Returns the outcome that counts. A span that only the engine can send wins over one that a function may
 * have invented.
 */
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
