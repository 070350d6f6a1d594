/** Adds a host from the command line to a failure whose message names none. */

import type { Failure, FailureContext } from "../failure.js";
import { breakerName } from "../hosts.js";
import { hostsOfCommand } from "./command-hosts.js";

/** Docker Hub's message for its rate limit. No other registry uses it. */
const DOCKER_HUB_WORDS =
  /\breached your [\w ]{0,32}pull rate limit|\bdocker\.com\/increase-rate-limit/i;

/**
 * Adds an upstream to a failure that counts and has none: the only host of the right kind in the command
 * line, if the engine contacts it. With two possible hosts, the upstream stays null.
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
