/** The public entry of the conformance suite for stores of shared circuits. */

export {
  type FleetStoreConformanceCase,
  type FleetStoreConformanceOptions,
  fleetStoreConformance,
} from "./conformance.js";
