/** Which upstream of a call a failure is about. */

import { COMMAND_FAILED, type Failure } from "../../attribution/failure.js";
import { breakerName, isHelperHost, mayStandIn } from "../../attribution/hosts.js";
import type { Dependence } from "./facts.js";

type Upstreams = ReadonlyMap<string, Dependence>;

/**
 * Returns the upstream of the call that a failure is about: the one it names, else the only one of its
 * kind, since a CDN, a token server or a proxy stands in for it; never one that only the message names.
 */
export function concerned(
  failure: Failure,
  upstreams: ReadonlyMap<string, unknown>,
): string | undefined {
  const { upstreamKind: kind, upstream: host } = failure;
  if (kind === null) return undefined;
  if (host !== null) {
    const named = breakerName(kind, host);
    if (upstreams.has(named)) return named;
    if (!mayStandIn(kind, host)) return undefined;
  }
  const sameKind = [...upstreams.keys()].filter((name) => name.startsWith(`${kind}:`));
  return sameKind.length === 1 ? sameKind[0] : undefined;
}

/**
 * Returns whether a failure shows that the upstream itself answered. What stands in for it does not, nor
 * does an answer without a host prove what was only declared: it may be another host's.
 */
export function provesAnswer(failure: Failure, name: string, upstreams: Upstreams): boolean {
  const { answered, upstreamKind: kind, upstream: host } = failure;
  if (!answered || kind === null) return false;
  if (host === null) return upstreams.get(name)?.onlyDeclared === false;
  return breakerName(kind, host) === name && !isHelperHost(host);
}

/** Returns whether a request did all it names, or at least all before a command that failed. */
export function onlyCommandsFailed(failures: readonly Failure[]): boolean {
  return failures.every(({ rule }) => rule === COMMAND_FAILED);
}
