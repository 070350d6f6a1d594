/** Creates the circuit breakers to measure, all with similar options. */

import { ConsecutiveBreaker, circuitBreaker, handleAll } from "cockatiel";
import Opossum from "opossum";
import { CircuitBreaker } from "../../dist/index.js";

export const BARE = "bare await";
export const OURS = "ours";
export const COCKATIEL = "cockatiel";
export const OPOSSUM = "opossum";

/** The columns of ratios in most tables. Each has a title and the contender by whose time to divide. */
export const BASES = { "/ bare": BARE, "/ cockatiel": COCKATIEL };

const HOUR_MS = 3_600_000;

/** A number of consecutive failures that no suite reaches, so that no circuit opens. */
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

/**
 * Creates a breaker of opossum. Its timer for each call is off, because the other breakers do not time
 * calls out either.
 */
export function opossum(action, options = {}) {
  const limits = { errorThresholdPercentage: 100, volumeThreshold: Number.MAX_SAFE_INTEGER };
  return new Opossum(action, { timeout: false, resetTimeout: HOUR_MS, ...limits, ...options });
}
