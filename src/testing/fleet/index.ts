/** The conformance suite of stores of shared circuits. */

export {
  type FleetStoreConformanceCase,
  type FleetStoreConformanceOptions,
  fleetStoreConformance,
} from "./conformance.js";
