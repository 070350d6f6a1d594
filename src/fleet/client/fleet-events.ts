/** Declares the events of a fleet. */

import type { FleetChange, FleetSnapshot } from "../rules/reply.js";
import type { SharedCircuitOpenError } from "./shared-open-error.js";

/**
 * The event `storeDown`: the store does not reply. From now on, this process decides with its local
 * circuits.
 */
export interface StoreDownEvent {
  /** The kind of the store, such as `"redis"`. */
  readonly store: string;
  readonly reason: string;
}

/** The event `storeUp`: the store replies again after it was down. */
export interface StoreUpEvent {
  /** The kind of the store, such as `"redis"`. */
  readonly store: string;
  /** Milliseconds for which the store was down. */
  readonly downMs: number;
}

/** The event `change`: a shared circuit changed, because of this or another process. */
export interface FleetChangeEvent {
  readonly scope: string;
  readonly name: string;
  /** The new state of the circuit. */
  readonly snapshot: FleetSnapshot;
  /** The change itself. Null if this process knows only the result, for example after a push. */
  readonly change: FleetChange | null;
}

/** The event `rejected`: a shared circuit rejected a call of this process. */
export interface SharedRejectedEvent {
  readonly breakerName: string;
  readonly error: SharedCircuitOpenError;
}

/** The events of a fleet, by name. */
export interface FleetEvents {
  readonly change: FleetChangeEvent;
  readonly rejected: SharedRejectedEvent;
  readonly storeDown: StoreDownEvent;
  readonly storeUp: StoreUpEvent;
}

/** The events to which you can also listen on a single shared breaker. */
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
