/** The events of a fleet. */

import type { FleetChange, FleetSnapshot } from "../rules/reply.js";
import type { SharedCircuitOpenError } from "./shared-open-error.js";

/** The event `storeDown`: the store does not reply, so this process decides alone from now on. */
export interface StoreDownEvent {
  /** The kind of the store. */
  readonly store: string;
  readonly reason: string;
}

/** The event `storeUp`: the store replies again. */
export interface StoreUpEvent {
  /** The kind of the store. */
  readonly store: string;
  /** Milliseconds for which the store was down. */
  readonly downMs: number;
}

/** The event `change`: a shared circuit changed, because of any process. */
export interface FleetChangeEvent {
  readonly scope: string;
  readonly name: string;
  /** The new state of the circuit. */
  readonly snapshot: FleetSnapshot;
  /** The change itself; null if only its result is known, for example after a push. */
  readonly change: FleetChange | null;
}

/** The event `rejected`: a shared circuit rejected a call of this process. */
export interface SharedRejectedEvent {
  readonly breakerName: string;
  readonly error: SharedCircuitOpenError;
}

/** The events of a fleet by name. */
export interface FleetEvents {
  readonly change: FleetChangeEvent;
  readonly rejected: SharedRejectedEvent;
  readonly storeDown: StoreDownEvent;
  readonly storeUp: StoreUpEvent;
}

/** The events that `on` of a single shared breaker accepts too. */
export type SharedEventName = "change" | "rejected";

export const SHARED_EVENT_NAMES = [
  "change",
  "rejected",
] as const satisfies readonly SharedEventName[];

export const FLEET_EVENT_NAMES = [
  ...SHARED_EVENT_NAMES,
  "storeDown",
  "storeUp",
] as const satisfies readonly (keyof FleetEvents)[];
