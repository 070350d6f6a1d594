/** Classifies one failure by the package's own rules. */

import type { Failure, FailureContext } from "../failure.js";
import { DEFAULT_CLASSIFIER } from "./classifier.js";

/**
 * Classifies a failure: which component is at fault.
 *
 * It accepts errors of the Dagger SDK (any copy and version, by name and code), other errors with
 * their causes, and GraphQL errors. It also accepts text of any length: the output of a `dagger`
 * command, a line of the engine's log, a message. It never throws.
 *
 * @param error The error or text.
 * @param context Further facts: `operation`, `source`, `query`, `exitCode`.
 * @example
 * ```ts
 * import { classifyFailure } from "dagger-circuit-breaker/attribution";
 *
 * const failure = classifyFailure(
 *   'failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": EOF',
 * );
 * console.assert(failure.fault === "registry" && failure.upstream === "ghcr.io" && failure.counts);
 * ```
 */
export function classifyFailure(error: unknown, context: FailureContext = {}): Failure {
  return DEFAULT_CLASSIFIER.classifyFailure(error, context);
}
