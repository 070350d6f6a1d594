/** Describes breakers and shared circuits as entries of a health page. Pure. */

import type { CircuitBreakerMetrics } from "../../breaker/metrics.js";
import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import type { HealthCircuit } from "./health-reply.js";

/**
 * Describes a breaker. An observed or disabled breaker rejects nothing, so `rejects` is false in every
 * state.
 */
export function localCircuit(metrics: CircuitBreakerMetrics): HealthCircuit {
  const { name, control, stateAgeMs } = metrics;
  const isolated = control === "isolated";
  const retryAfterMs = metrics.retryAfterMs ?? null;
  const waits = metrics.state === "open" && retryAfterMs !== 0;
  const rejects = isolated || (control === "automatic" && waits);
  const state = isolated ? "isolated" : metrics.state;
  return { name, state, stateAgeMs, retryAfterMs, rejects };
}

export function sharedCircuit(name: string, scope: string, snapshot: FleetSnapshot): HealthCircuit {
  const { isolation, state } = snapshot;
  const retryAfterMs = Math.ceil(isolation?.remainingMs ?? snapshot.retryAfterMs);
  return {
    name,
    scope,
    state: isolation === null ? state : "isolated",
    stateAgeMs: Math.floor(isolation?.ageMs ?? snapshot.ageMs),
    retryAfterMs,
    rejects: isolation !== null || (state === "open" && retryAfterMs > 0),
  };
}
