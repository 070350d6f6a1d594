/** Selects the failure that decides the result and the exit code of `classify`. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import { EXIT, FAULT_EXIT_CODES } from "../exit-codes.js";

/** A failure, with the circuit that it concerns. */
export interface JudgedFailure extends Failure {
  /**
   * The breaker that a guard would ask, such as `registry:ghcr.io`; null if the failure concerns no
   * breaker.
   */
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
 * Selects the failure that decides. A user error wins, because retrying cannot fix it. Otherwise
 * the first counted failure decides, then the first with a known fault, then the first of all.
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
