/** What `classify` makes of one or more failures: the one that decides, and its exit code. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import { EXIT, FAULT_EXIT_CODES } from "../exit-codes.js";

/** A failure, with the circuit that it belongs to. */
export interface JudgedFailure extends Failure {
  /** The name of the breaker that a guard would ask about it; null when there is none. */
  readonly breaker: string | null;
}

/** All that was found, as `--json` prints it. */
export interface ClassificationResult {
  readonly exitCode: number;
  /** The failure that decides the exit code; null when nothing failed. */
  readonly failure: JudgedFailure | null;
  readonly failures: readonly JudgedFailure[];
}

/**
 * Judges failures. One of the user's decides, since no retry mends it; else the first that counts,
 * else the first whose fault is known, else the first.
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
