/** Publishes the events of breakers on Node's `diagnostics_channel`. */

import { channel } from "node:diagnostics_channel";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Registry } from "../registry/registry.js";
import { attachToAll } from "./attach.js";

/**
 * The names of the channels. Messages on `transition` are of type `StateChangeEvent`, on `rejected`
 * `RejectedEvent`, on `outcome` `OutcomeEvent`.
 */
export const DIAGNOSTICS_CHANNELS = {
  transition: "dagger-circuit-breaker:transition",
  rejected: "dagger-circuit-breaker:rejected",
  outcome: "dagger-circuit-breaker:outcome",
} as const;

/**
 * Publishes the events of a breaker, or of all existing and future breakers of a registry, on
 * {@link DIAGNOSTICS_CHANNELS}. Messages contain the unchanged errors of calls.
 *
 * @returns A function that stops publishing.
 * @example
 * ```ts
 * import { subscribe } from "node:diagnostics_channel";
 * import { CircuitBreaker, DIAGNOSTICS_CHANNELS, publishDiagnostics } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api" });
 * const stop = publishDiagnostics(breaker);
 * subscribe(DIAGNOSTICS_CHANNELS.transition, (event) => console.log(event));
 * stop();
 * ```
 */
export function publishDiagnostics(source: CircuitBreaker | Registry): () => void {
  const transition = channel(DIAGNOSTICS_CHANNELS.transition);
  const rejected = channel(DIAGNOSTICS_CHANNELS.rejected);
  const outcome = channel(DIAGNOSTICS_CHANNELS.outcome);
  return attachToAll(source, (breaker) => [
    breaker.on("stateChange", (event) => transition.publish(event)),
    breaker.on("rejected", (event) => rejected.publish(event)),
    ...(["success", "failure", "ignored", "late"] as const).map((name) =>
      breaker.on(name, (event) => outcome.publish(event)),
    ),
  ]);
}
