/**
 * Sends the result of a run to the store of shared circuits. The fleet's metrics contain these
 * results.
 */

import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { Fleet } from "../../fleet/client/fleet.js";
import type { FailedRun } from "../../fleet/client/run-teller.js";
import type { RunRecord as CountedRun, RunResult } from "../../fleet/rules/run-report.js";
import { sharedName } from "../../guard/admission/shared-upstreams.js";
import type { RunReport } from "../../runner/report/run-report.js";

/**
 * Sends the result of a run to the store. Returns the report with the time that a rejection
 * avoided.
 */
export async function tellStore(
  report: RunReport,
  fleet: Fleet | undefined,
  engineHost: string | undefined,
): Promise<RunReport> {
  if (fleet === undefined) return report;
  const circuit = avoidedAt(report);
  const avoidedMs = circuit === undefined ? 0 : await fleet.runs.timeToFailureMs(circuit);
  const told = { ...report, avoidedMs };
  fleet.runs.tell(countedRun(told), failedRun(told, engineHost));
  return told;
}

/** Returns the parts of a report that a store counts. */
export function countedRun(report: RunReport): CountedRun {
  const { durationMs, waitedMs, avoidedMs } = report;
  const fault = faultOf(report);
  const result = resultOf(report, fault);
  return { result, fault: result === "error" ? fault : null, durationMs, waitedMs, avoidedMs };
}

function resultOf({ outcome, attempts }: RunReport, fault: string | null): RunResult {
  if (outcome === "succeeded") return "success";
  if (outcome === "interrupted" || fault === "cancelled") return "cancellation";
  // If only a retry was rejected, the result of the earlier attempts counts.
  if (outcome === "rejected" && attempts.length === 0) return "skip";
  if (outcome === "not-started" || fault === "user") return "failure";
  return outcome === "timed-out" && fault === null ? "timeout" : "error";
}

/**
 * Returns the component at fault; null if it is unknown. If a circuit rejected a request, the
 * upstream of that circuit is at fault.
 */
function faultOf({ failure }: RunReport): string | null {
  if (failure?.rule === OWN_REJECTED) return kindOf(failure.circuit);
  const { fault = "unknown" } = failure ?? {};
  return fault === "unknown" ? null : fault;
}

function kindOf(circuit: string | null): string | null {
  return circuit?.split(":", 1)[0] ?? null;
}

/** Returns the shared circuit that rejected the run; undefined if the run made an attempt. */
function avoidedAt({ outcome, attempts, rejection }: RunReport): string | undefined {
  if (outcome !== "rejected" || attempts.length > 0 || rejection === null) return undefined;
  return rejection.scope === null ? undefined : rejection.upstream;
}

/**
 * Returns the shared circuit that counted the failure of a run; undefined without one. A failure
 * that only a program's output shows is left out, because the store did not count it either.
 */
export function failedRun(
  { outcome, attempts, failure }: RunReport,
  engineHost: string | undefined,
): FailedRun | undefined {
  if (outcome === "succeeded" || outcome === "interrupted" || failure === null) return undefined;
  if (failure.breaker === null || failure.couldShare) return undefined;
  const circuit = sharedName(failure.breaker, engineHost);
  const afterMs = attempts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return circuit === undefined ? undefined : { circuit, afterMs };
}
