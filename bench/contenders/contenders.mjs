/** The circuit breakers that are measured, set up alike. */

import { ConsecutiveBreaker, circuitBreaker, handleAll } from "cockatiel";
import Opossum from "opossum";
import { CircuitBreaker } from "../../dist/index.js";

export const BARE = "bare await";
export const OURS = "ours";
export const COCKATIEL = "cockatiel";
export const OPOSSUM = "opossum";

/** The columns of ratios that most tables have. */
export const BASES = { "/ bare": BARE, "/ cockatiel": COCKATIEL };

const HOUR_MS = 3_600_000;

/** More failures in a row than any suite makes. */
const NEVER = 1_000_000;

/** Resolves at once. */
export const operation = async () => 1;

const FAILURE = new Error("the upstream failed");

/** Fails one tick later. */
export const failingOperation = async () => {
  await undefined;
  throw FAILURE;
};

/** @param {import("../../dist/index.js").CircuitBreakerOptions} [options] */
export function ours(options = {}) {
  const trip = options.trip === undefined ? { failureThreshold: NEVER } : {};
  return new CircuitBreaker({ resetTimeoutMs: HOUR_MS, ...trip, ...options });
}

/** @param {import("cockatiel").IBreaker} [breaker] */
export function cockatiel(breaker = new ConsecutiveBreaker(NEVER)) {
  return circuitBreaker(handleAll, { halfOpenAfter: HOUR_MS, breaker });
}

/** Without its timer for each call, since the others do not time calls out either. */
export function opossum(action, options = {}) {
  const limits = { errorThresholdPercentage: 100, volumeThreshold: Number.MAX_SAFE_INTEGER };
  return new Opossum(action, { timeout: false, resetTimeout: HOUR_MS, ...limits, ...options });
}
