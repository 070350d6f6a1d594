/** Names the host of a failure by the command line, where its words name none. */

import type { Failure, FailureContext } from "../failure.js";
import { breakerName } from "../hosts.js";
import { hostsOfCommand } from "./command-hosts.js";

/** Docker Hub's words for its rate limit, which no other registry uses. */
const DOCKER_HUB_WORDS =
  /\breached your [\w ]{0,32}pull rate limit|\bdocker\.com\/increase-rate-limit/i;

/**
 * Fills in the upstream of a failure that counts and names none: the only host of its kind in the command
 * line, if the engine is told to ask it. Where two fit, none is named.
 *
 * @param readWords Returns what the failure was classified by.
 */
export function withCommandHost(
  failure: Failure,
  { command, input }: Pick<FailureContext, "command" | "input">,
  readWords: () => string,
): Failure {
  const { counts, fault, upstream, upstreamKind: kind } = failure;
  if (command === undefined || !counts || upstream !== null || fault !== kind) return failure;
  const hosts = hostsOfCommand(command, input).filter((one) => one.kind === kind);
  const [breaker, ...others] = new Set(hosts.map(({ host }) => breakerName(kind, host)));
  const asked = others.length === 0 ? hosts.find(({ isAsked }) => isAsked) : undefined;
  if (asked === undefined) return failure;
  const isOthers = breaker !== "registry:docker.io" && DOCKER_HUB_WORDS.test(readWords());
  return isOthers ? failure : { ...failure, upstream: asked.host };
}
