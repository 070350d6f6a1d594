/** Sends the result of a run to the store of shared circuits, for metrics of the fleet. */

import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { Fleet } from "../../fleet/client/fleet.js";
import type { FailedRun } from "../../fleet/client/run-teller.js";
import type { RunRecord as CountedRun, RunResult } from "../../fleet/rules/run-report.js";
import { sharedName } from "../../guard/admission/shared-upstreams.js";
import type { RunReport } from "../../runner/report/run-report.js";

/** Returns the report with the time that a rejection avoided, after sending its figures to the store. */
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
  // If only a retry was rejected, the attempts before it count as what they were.
  if (outcome === "rejected" && attempts.length === 0) return "skip";
  if (outcome === "not-started" || fault === "user") return "failure";
  return outcome === "timed-out" && fault === null ? "timeout" : "error";
}

/** Returns the component at fault; null if it is unknown. A rejected request is the fault of its upstream. */
function faultOf({ failure }: RunReport): string | null {
  if (failure?.rule === OWN_REJECTED) return kindOf(failure.circuit);
  const { fault = "unknown" } = failure ?? {};
  return fault === "unknown" ? null : fault;
}

function kindOf(circuit: string | null): string | null {
  return circuit?.split(":", 1)[0] ?? null;
}

/** Returns the shared circuit that rejected the run; undefined if an attempt was made. */
function avoidedAt({ outcome, attempts, rejection }: RunReport): string | undefined {
  if (outcome !== "rejected" || attempts.length > 0 || rejection === null) return undefined;
  return rejection.scope === null ? undefined : rejection.upstream;
}

/**
 * Returns the shared circuit that counted the failure of a run. A failure that only the output of a program
 * shows is left out, because it is not reported to the store either.
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
