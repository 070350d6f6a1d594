/** The events of a fleet. */

import type { FleetChange, FleetSnapshot } from "../rules/reply.js";
import type { SharedCircuitOpenError } from "./shared-open-error.js";

/** The store is down: from now on each process decides alone. */
export interface StoreDownEvent {
  /** The kind of the store. */
  readonly store: string;
  readonly reason: string;
}

/** The store replies again. */
export interface StoreUpEvent {
  /** The kind of the store. */
  readonly store: string;
  /** Milliseconds for which the store was down. */
  readonly downMs: number;
}

/** A change of a shared circuit, caused by any process. */
export interface FleetChangeEvent {
  readonly scope: string;
  readonly name: string;
  /** The new state of the circuit. */
  readonly snapshot: FleetSnapshot;
  /** The change itself; null if only its result is known, for example after a push. */
  readonly change: FleetChange | null;
}

/** A call of this process that a shared circuit rejected. */
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

/** The names of the events that a shared breaker has too. */
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
