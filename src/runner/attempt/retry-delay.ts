/** Decides when a command that failed is run again, and after how long. */

import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { Guard } from "../../guard/guard.js";
import { ENGINE } from "../../guard/guard-options.js";
import { backoffMs } from "../../policies/retry/backoff.js";
import type { RunFailure } from "../report/run-report.js";
import type { RetryLimits } from "../run-plan.js";
import { breakerToAsk, mayPass } from "./attempt-outcome.js";
import type { AttemptEnd } from "./supervised-command.js";

const DEFAULTS = { initialDelayMs: 1000, maxDelayMs: 60_000 };
const BACKOFF = { backoffFactor: 2, jitter: true };

/** An attempt that has not succeeded. */
export interface FailedAttempt {
  readonly end: AttemptEnd;
  readonly failure: RunFailure | null;
  /** How many attempts were made after the first one, the next one included. */
  readonly retry: number;
}

/**
 * How long to wait before a further attempt, in milliseconds; undefined when there is to be none.
 *
 * @param needs What is asked before the next attempt; the circuit of the failure is added.
 */
export function delayBeforeRetry(
  { end, failure, retry }: FailedAttempt,
  limits: RetryLimits,
  guard: Guard,
  needs: Set<string>,
): number | undefined {
  if (retry > limits.maxRetries || !mayPass(end, failure)) return undefined;
  const { initialDelayMs = DEFAULTS.initialDelayMs, maxDelayMs = DEFAULTS.maxDelayMs } = limits;
  const failed = failure && circuitToAsk(failure);
  if (failed !== null && guard.settings.registry.find(failed) !== undefined) needs.add(failed);
  const refusing = [ENGINE, ...needs].map((name) => guard.check(name)).filter((c) => !c.admits);
  if (refusing.length > 0) {
    // A circuit that refuses has its own time: to wait for another one before would be of no use. One that
    // refused a request within the command is waited for, since the command was admitted without it.
    const waitsMs = refusing.map((check) => check.retryAfterMs ?? Number.POSITIVE_INFINITY);
    const longestMs = Math.max(...waitsMs);
    return failure?.rule === OWN_REJECTED && longestMs <= maxDelayMs ? longestMs : 0;
  }
  // A rate limit of which no circuit knows, since the output does not name the host or is no front end's.
  const limitMs = failure?.limited === true ? guard.settings.rateLimitOpenMs : 0;
  const askedMs = failure?.retryAfterMs ?? limitMs;
  if (askedMs > maxDelayMs) return undefined;
  return Math.max(
    askedMs,
    backoffMs(retry, { ...BACKOFF, initialDelayMs, maxDelayMs }, Math.random),
  );
}

function circuitToAsk(failure: RunFailure): string | null {
  return failure.rule === OWN_REJECTED ? failure.circuit : breakerToAsk(failure);
}
