/** Decides what the spans of one request prove about each breaker. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

const WEIGHT = { answered: 1, limited: 2, failed: 3 } as const;

/**
 * Returns the exchange that counts for each breaker. Code in a user's container can forge spans, so a
 * failed exchange alone does not count. The answer must also report a failure of that kind of host, and
 * must not name another host. An answered exchange always counts.
 *
 * @param known The upstreams of the request, by breaker name. A host may fail while it acts for such an
 * upstream, such as a CDN for its registry. Then the upstream has failed.
 * @returns The worst exchange that counts for each breaker, by breaker name.
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
 * Returns whether an exchange counts more than an earlier exchange of the same breaker. Of two failures,
 * the failure that cannot be forged counts more.
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
