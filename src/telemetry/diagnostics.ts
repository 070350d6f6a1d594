/** Publishes the events of breakers and fleets on Node's `diagnostics_channel`. */

import { channel } from "node:diagnostics_channel";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Fleet } from "../fleet/client/fleet.js";
import type { Registry } from "../registry/registry.js";
import { attachToAll, isFleet, runAll } from "./attach.js";

/**
 * The names of the channels, each with the type of its messages.
 *
 * - `transition`: `StateChangeEvent`
 * - `rejected`: `RejectedEvent`
 * - `outcome`: `OutcomeEvent`
 * - `sharedChange`, of a fleet: `FleetChangeEvent`
 * - `sharedRejected`, of a fleet: `SharedRejectedEvent`
 * - `storeDown`, of a fleet: `StoreDownEvent`
 * - `storeUp`, of a fleet: `StoreUpEvent`
 */
export const DIAGNOSTICS_CHANNELS = {
  transition: "dagger-circuit-breaker:transition",
  rejected: "dagger-circuit-breaker:rejected",
  outcome: "dagger-circuit-breaker:outcome",
  sharedChange: "dagger-circuit-breaker:shared-change",
  sharedRejected: "dagger-circuit-breaker:shared-rejected",
  storeDown: "dagger-circuit-breaker:store-down",
  storeUp: "dagger-circuit-breaker:store-up",
} as const;

/**
 * Publishes events on {@link DIAGNOSTICS_CHANNELS}. The source is a breaker, a fleet, or a registry with
 * all its existing and future breakers. Messages contain the errors of calls unchanged, so they can contain
 * secrets.
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
export function publishDiagnostics(source: CircuitBreaker | Registry | Fleet): () => void {
  if (isFleet(source)) return publishFleet(source);
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

function publishFleet(fleet: Fleet): () => void {
  const { sharedChange, sharedRejected, storeDown, storeUp } = DIAGNOSTICS_CHANNELS;
  const channels = {
    change: channel(sharedChange),
    rejected: channel(sharedRejected),
    storeDown: channel(storeDown),
    storeUp: channel(storeUp),
  };
  const names = ["change", "rejected", "storeDown", "storeUp"] as const;
  const offs = names.map((name) => fleet.on(name, (event) => channels[name].publish(event)));
  return () => runAll(offs);
}
