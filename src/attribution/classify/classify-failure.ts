/** Classifies one failure by the rules of the package. */

import type { Failure, FailureContext } from "../failure.js";
import { DEFAULT_CLASSIFIER } from "./classifier.js";

/**
 * Classifies a failure: returns the component at fault, and whether the failure counts against this
 * component.
 *
 * Accepts errors of the Dagger SDK, other errors with their causes, and GraphQL errors. SDK errors are
 * recognized by name and code, so every copy and version of the SDK works.
 *
 * Also accepts text of any length: the output of a `dagger` command, a line of the engine's log, a message.
 * Never throws.
 *
 * @param error The error or text.
 * @param context Further facts, all optional, such as `operation`, `query` or `exitCode`.
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
