/** Counts how long requests wait for circuits, and how their waits end. */

import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { systemClock } from "../../breaker/clock.js";
import { isCircuitBreakerOpenError } from "../../breaker/errors.js";
import { type Asked, askUntilAdmitted, type WaitSettings } from "../../policies/wait.js";
import { countsFor, type WaitResult } from "../guard-counts.js";

/**
 * Waits as `askUntilAdmitted` does, and counts the wait. The whole wait counts for the breaker that first
 * rejected the request, so that no time is counted twice.
 */
export async function countedWait<T>(
  ask: () => Asked<T> | Promise<Asked<T>>,
  settings: WaitSettings,
): Promise<T> {
  const { clock = systemClock, onWait } = settings;
  let refusing: unknown;
  let wait: { readonly breaker: unknown; readonly sinceMs: number } | undefined;
  const asking = async () => {
    const asked = await ask();
    if ("refusedBy" in asked) refusing = asked.refusedBy;
    return asked;
  };
  const end = (result: WaitResult) => {
    if (!(wait?.breaker instanceof CircuitBreaker)) return;
    const counts = countsFor(wait.breaker);
    counts.waits[result] += 1;
    counts.waitMs += Math.max(0, clock.now() - wait.sinceMs);
  };
  try {
    const value = await askUntilAdmitted(asking, {
      ...settings,
      onWait: (rejection, waitMs) => {
        wait ??= { breaker: refusing, sinceMs: clock.now() };
        onWait?.(rejection, waitMs);
      },
    });
    end("admitted");
    return value;
  } catch (error) {
    end(isCircuitBreakerOpenError(error) ? "rejected" : "ended");
    throw error;
  }
}
