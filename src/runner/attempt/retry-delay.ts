/** Decides whether and when a failed command is run again. */

import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { Guard } from "../../guard/guard.js";
import { ENGINE } from "../../guard/guard-options.js";
import { backoffMs } from "../../policies/retry/backoff.js";
import type { RetryLimits } from "../run-plan.js";
import { breakerToAsk, mayPass } from "./attempt-outcome.js";
import type { RunFailure } from "./run-failure.js";
import type { AttemptEnd } from "./supervised-command.js";

const DEFAULTS = { initialDelayMs: 1000, maxDelayMs: 60_000 };
const BACKOFF = { backoffFactor: 2, jitter: true };

/** An attempt that failed. */
export interface FailedAttempt {
  readonly end: AttemptEnd;
  readonly failure: RunFailure | null;
  /** Number of the next attempt, not counting the first. */
  readonly retry: number;
}

/**
 * Returns the delay before a retry in milliseconds; undefined if the command must not be retried.
 *
 * @param needs The breakers to ask before the next attempt. Adds the circuit of the failure.
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
    // An open circuit decides about the next attempt itself, so a delay before it is useless. If a
    // circuit rejected a request of the running command, the retry waits for it here, because the
    // command as a whole was admitted.
    const waitsMs = refusing.map((check) => check.retryAfterMs ?? Number.POSITIVE_INFINITY);
    const longestMs = Math.max(...waitsMs);
    return failure?.rule === OWN_REJECTED && longestMs <= maxDelayMs ? longestMs : 0;
  }
  // No circuit is open for this rate limit, for example because the output names no host.
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
