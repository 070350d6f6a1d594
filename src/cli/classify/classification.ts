/** Selects the failure that decides, and its exit code. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import { EXIT, FAULT_EXIT_CODES } from "../exit-codes.js";

/** A failure with its circuit. */
export interface JudgedFailure extends Failure {
  /** The name of the breaker that a guard would ask; null without one. */
  readonly breaker: string | null;
}

/** All classified failures, as `--json` prints them. */
export interface ClassificationResult {
  readonly exitCode: number;
  /** The failure that decides the exit code; null without a failure. */
  readonly failure: JudgedFailure | null;
  readonly failures: readonly JudgedFailure[];
}

/**
 * Selects the deciding failure. A user error wins, because retrying cannot fix it; then the first
 * counted failure, then the first known fault, then the first.
 */
export function judge(failures: readonly Failure[]): ClassificationResult {
  const judged = failures.map((failure) => ({ ...failure, breaker: breakerOf(failure) }));
  const failure =
    judged.find(({ fault }) => fault === "user") ??
    judged.find(({ counts }) => counts) ??
    judged.find(({ fault }) => fault !== "unknown") ??
    judged[0] ??
    null;
  const exitCode = failure === null ? EXIT.ok : FAULT_EXIT_CODES[failure.fault];
  return { exitCode, failure, failures: judged };
}

function breakerOf({ fault, upstream, upstreamKind }: Failure): string | null {
  if (fault === "engine") return "engine";
  return upstream === null || upstreamKind === null ? null : breakerName(upstreamKind, upstream);
}
