/** What a fleet tells its listeners. */

import type { FleetChange, FleetSnapshot } from "../rules/reply.js";
import type { SharedCircuitOpenError } from "./shared-open-error.js";

/** The store was given up: from now on each process decides alone. */
export interface StoreDownEvent {
  /** The kind of the store. */
  readonly store: string;
  readonly reason: string;
}

/** The store answers again. */
export interface StoreUpEvent {
  /** The kind of the store. */
  readonly store: string;
  /** For how many milliseconds it was given up. */
  readonly downMs: number;
}

/** A shared circuit changed, whoever caused it. */
export interface FleetChangeEvent {
  readonly scope: string;
  readonly name: string;
  /** How the circuit stands now. */
  readonly snapshot: FleetSnapshot;
  /** The change itself; null where only its result is known, as of what another process caused. */
  readonly change: FleetChange | null;
}

/** A shared circuit refused a call of this process. */
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

/** The names of those events that one shared breaker has as well. */
export type SharedEventName = "change" | "rejected";

/** The names of the events of a shared breaker. */
export const SHARED_EVENT_NAMES = [
  "change",
  "rejected",
] as const satisfies readonly SharedEventName[];

/** The names of the events of a fleet. */
export const FLEET_EVENT_NAMES = [
  ...SHARED_EVENT_NAMES,
  "storeDown",
  "storeUp",
] as const satisfies readonly (keyof FleetEvents)[];
