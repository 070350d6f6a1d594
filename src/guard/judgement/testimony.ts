/** What the spans of one request say of each breaker, and how far they can be believed. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

/** What is known of a breaker from spans: the worst that can be believed. */
export type Testimony = ReadonlyMap<string, Evidence>;

const WEIGHT = { answered: 1, limited: 2, failed: 3 } as const;

/**
 * Reads evidence by the names of breakers. Code in a user's container can forge spans, so a failure
 * is believed only where the answer itself tells of one of that kind that counts, and names either no
 * host or this very one; that a host answered is believed always.
 *
 * @param known Whether the request depends on the breaker of that name. A host that the request does
 * not know may have failed on behalf of one that it does: then that one has failed.
 */
export function testimonyOf(
  evidence: readonly Evidence[],
  failures: readonly Failure[],
  known: (name: string) => boolean,
): Testimony {
  const found = new Map<string, Evidence>();
  for (const one of evidence) {
    const own = breakerName(one.kind, one.host);
    const served = breakerName(one.kind, one.servesHost);
    const failed = one.outcome !== "answered";
    if (failed && !failures.some((failure) => tellsOf(failure, one.kind, own, served))) continue;
    const name = failed && !known(own) && known(served) ? served : own;
    const before = found.get(name);
    if (before === undefined || tellsMore(one, before)) found.set(name, one);
  }
  return found;
}

/** Of two that failed the one counts that only the engine can have sent. */
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
