/** Adds a host from the command line to a failure whose message names no host. */

import type { Failure, FailureContext } from "../failure.js";
import { breakerName } from "../hosts.js";
import { hostsOfCommand } from "./command-hosts.js";

/** Matches Docker Hub's message for its rate limit. No other registry uses this message. */
const DOCKER_HUB_WORDS =
  /\breached your [\w ]{0,32}pull rate limit|\bdocker\.com\/increase-rate-limit/i;

/**
 * Adds an upstream to a failure that counts but has no upstream. The upstream is the only host of the right
 * kind in the command line, if the engine contacts that host.
 *
 * The upstream stays null if two hosts are possible. The upstream also stays null if the message is Docker
 * Hub's rate limit and the host is another registry.
 *
 * @param readWords Returns the text that was classified.
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
