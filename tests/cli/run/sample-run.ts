/** Creates reports in the shape that the runner makes, for tests of their texts. */

import type { RunFailure } from "../../../src/runner/attempt/run-failure.js";
import type { AttemptReport, RunReport } from "../../../src/runner/report/run-report.js";

/** A failure caused by a registry's rate limit. */
export const LIMITED: RunFailure = {
  fault: "registry",
  upstream: "registry-1.docker.io",
  upstreamKind: "registry",
  breaker: "registry:docker.io",
  circuit: "registry:docker.io",
  couldShare: false,
  counts: true,
  limited: true,
  transient: true,
  retryAfterMs: 60_000,
  answered: false,
  suspectedUpstream: null,
  sessionLost: false,
  rule: "registry.rate-limit",
  reason: "The registry limits the rate of requests.",
};

/** A failure caused by a command of the user's pipeline. */
export const OWN_FAULT: RunFailure = {
  ...LIMITED,
  fault: "user",
  upstream: null,
  upstreamKind: null,
  breaker: null,
  circuit: null,
  counts: false,
  limited: false,
  transient: false,
  retryAfterMs: null,
  rule: "command.failed",
  reason: "A command of the pipeline ended with an exit code that means failure.",
};

/** Returns an attempt. By default it succeeded. */
export function attempt(over: Partial<AttemptReport> = {}): AttemptReport {
  return {
    exitCode: 0,
    signal: null,
    durationMs: 1500,
    timedOut: null,
    outputError: null,
    failure: null,
    ...over,
  };
}

/** Returns a run. By default it succeeded in one attempt. */
export function sampleRun(over: Partial<RunReport> = {}): RunReport {
  return {
    outcome: "succeeded",
    exitCode: 0,
    signal: null,
    durationMs: 2000,
    waitedMs: 0,
    avoidedMs: 0,
    attempts: [attempt()],
    notRepeated: null,
    failure: null,
    rejection: null,
    sessions: null,
    sparedRequests: 0,
    contacts: null,
    lockedImages: [],
    learnt: [],
    warnings: [],
    ...over,
  };
}

/** Returns a run whose only attempt failed. */
export function failedRun(failure: RunFailure, over: Partial<RunReport> = {}): RunReport {
  return sampleRun({
    outcome: "failed",
    exitCode: 1,
    attempts: [attempt({ exitCode: 1, failure })],
    failure,
    ...over,
  });
}

/** Returns a run that a circuit rejected before its first attempt. */
export function rejectedRun(over: Partial<RunReport> = {}): RunReport {
  return sampleRun({
    outcome: "rejected",
    exitCode: 75,
    attempts: [],
    rejection: {
      upstream: "registry:docker.io",
      others: ["git:github.com"],
      reason: "open",
      retryAfterMs: 41_200,
      since: "2026-01-02T03:04:05.000Z",
      until: null,
      rule: "registry.rate-limit",
      fault: "registry",
      scope: null,
      openedBy: null,
      isolationReason: null,
      notWaited: null,
    },
    sparedRequests: 12,
    ...over,
  });
}
