/** Decides whether and when a failed command runs again. */

import { OWN_REJECTED } from "../../attribution/rules/own.js";
import { ENGINE } from "../../guard/engine-name.js";
import type { Guard } from "../../guard/guard.js";
import { backoffMs } from "../../policies/retry/backoff.js";
import type { RetryLimits } from "../run-plan.js";
import { breakerToAsk } from "./attempt-outcome.js";
import type { RunFailure } from "./run-failure.js";
import type { AttemptEnd } from "./supervised-command.js";

const DEFAULTS = { initialDelayMs: 1000, maxDelayMs: 60_000 };
const BACKOFF = { backoffFactor: 2, jitter: true };

export interface FailedAttempt {
  readonly end: AttemptEnd;
  readonly failure: RunFailure | null;
  /** The number of the retry to decide about, starting at 1. */
  readonly retry: number;
}

export interface RetryDecision {
  /** The delay before the retry in milliseconds; undefined without a retry. */
  readonly delayMs: number | undefined;
  /**
   * Why there is no retry, for the report. Null if there is a retry, if none is left, or if none
   * was requested.
   */
  readonly why: string | null;
}

/**
 * Returns the decision about a retry.
 *
 * @param needs The breakers to ask before the next attempt. This function adds the circuit of the
 * failure.
 */
export function decideRetry(
  { end, failure, retry }: FailedAttempt,
  limits: RetryLimits,
  guard: Guard,
  needs: Set<string>,
): RetryDecision {
  const { maxRetries, whyNoRetries = null } = limits;
  if (retry > Math.max(maxRetries, whyNoRetries === null ? 0 : 1)) return noRetry(null);
  const why = whyUseless(end, failure) ?? (maxRetries === 0 ? whyNoRetries : null);
  if (why !== null) return noRetry(why);
  const { initialDelayMs = DEFAULTS.initialDelayMs, maxDelayMs = DEFAULTS.maxDelayMs } = limits;
  const failed = failure && circuitToAsk(failure);
  if (failed !== null && guard.settings.registry.find(failed) !== undefined) needs.add(failed);
  const refusing = [ENGINE, ...needs].map((name) => guard.check(name)).filter((c) => !c.admits);
  if (refusing.length > 0) {
    // Usually no delay is needed: the admission of the next attempt waits for the open circuit, or
    // rejects the attempt. The exception is a request inside the command that a circuit rejected.
    // Then a short wait, until that circuit admits calls, lets the next attempt pass.
    const waitsMs = refusing.map((check) => check.retryAfterMs ?? Number.POSITIVE_INFINITY);
    const longestMs = Math.max(...waitsMs);
    const isShort = failure?.rule === OWN_REJECTED && longestMs <= maxDelayMs;
    return { delayMs: isShort ? longestMs : 0, why: null };
  }
  // No circuit is open for this rate limit, for example because the output names no host. So only
  // the delay can respect the limit.
  const limitMs = failure?.limited === true ? guard.settings.rateLimitOpenMs : 0;
  const askedMs = failure?.retryAfterMs ?? limitMs;
  if (askedMs > maxDelayMs) {
    const limit = `--retry-max-delay (${secondsText(maxDelayMs)})`;
    return noRetry(
      `the upstream asks for a delay of ${secondsText(askedMs)}, longer than ${limit}`,
    );
  }
  const backoff = backoffMs(retry, { ...BACKOFF, initialDelayMs, maxDelayMs }, Math.random);
  return { delayMs: Math.max(askedMs, backoff), why: null };
}

function noRetry(why: string | null): RetryDecision {
  return { delayMs: undefined, why };
}

/** Returns the reason why a retry would be useless; null if a retry may succeed. */
export function whyUseless(
  { timedOut, isCut }: Pick<AttemptEnd, "timedOut" | "isCut">,
  failure: RunFailure | null,
): string | null {
  if (isCut)
    return "output was lost because its reader was too slow, and a retry cannot restore it";
  if (timedOut !== null || failure?.rule === OWN_REJECTED) return null;
  if (failure?.fault === "user") return "the pipeline itself failed";
  if (failure?.fault === "cancelled") return "the command was canceled";
  if (failure?.transient === true) return null;
  const isUnknown = failure === null || failure.fault === "unknown";
  return isUnknown ? "the cause is unknown" : "a retry would fail in the same way";
}

function secondsText(ms: number): string {
  return `${Math.ceil(ms / 1000)}s`;
}

function circuitToAsk(failure: RunFailure): string | null {
  return failure.rule === OWN_REJECTED ? failure.circuit : breakerToAsk(failure);
}
