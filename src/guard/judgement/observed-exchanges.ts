/** Decides what the spans of one request prove about each breaker. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

const WEIGHT = { answered: 1, limited: 2, failed: 3 } as const;

/**
 * Returns the exchange that counts for each breaker. Code in a user's container can forge spans. So a
 * failed exchange counts only if the answer also reports a failure of that kind of host, and names this
 * host or none. An answered exchange always counts.
 *
 * @param known The upstreams of the request, by the names of breakers. If another host failed while it
 * acted for one of them, such as a CDN for its registry, that upstream has failed.
 * @returns By breaker name, the worst exchange that counts.
 */
export function observedExchangesOf(
  exchanges: readonly Evidence[],
  failures: readonly Failure[],
  known: ReadonlyMap<string, unknown>,
): Map<string, Evidence> {
  const found = new Map<string, Evidence>();
  for (const one of exchanges) {
    const own = breakerName(one.kind, one.host);
    const served = breakerName(one.kind, one.servesHost);
    const failed = one.outcome !== "answered";
    if (failed && !failures.some((failure) => tellsOf(failure, one.kind, own, served))) continue;
    const name = failed && !known.has(own) && known.has(served) ? served : own;
    const before = found.get(name);
    if (before === undefined || tellsMore(one, before)) found.set(name, one);
  }
  return found;
}

/**
 * Returns whether an exchange counts more than an earlier one. Of two failures, the one that cannot be
 * forged counts.
 */
function tellsMore(one: Evidence, before: Evidence): boolean {
  const bothFailed = one.outcome !== "answered" && before.outcome !== "answered";
  if (bothFailed && one.forgeable !== before.forgeable) return before.forgeable;
  return WEIGHT[one.outcome] > WEIGHT[before.outcome];
}

function tellsOf(
  { counts, upstreamKind, upstream }: Failure,
  kind: Evidence["kind"],
  own: string,
  served: string,
): boolean {
  if (!counts || upstreamKind !== kind) return false;
  if (upstream === null) return true;
  const named = breakerName(kind, upstream);
  return named === own || named === served;
}
