/** Circuits that many processes share: the fleet, and what the author of a store needs. */

export {
  createFleet,
  type Fleet,
  type FleetMetrics,
  type OpenOptions,
  type ShareOptions,
} from "./fleet.js";
export type { ControlOptions, IsolateOptions } from "./fleet-control.js";
export type {
  FleetChangeEvent,
  FleetEvents,
  SharedEventName,
  SharedRejectedEvent,
  StoreDownEvent,
  StoreUpEvent,
} from "./fleet-events.js";
export type { FleetMode, FleetOptions } from "./fleet-options.js";
export {
  type FleetServer,
  type FleetServerOptions,
  type HttpStoreOptions,
  httpStore,
  startFleetServer,
} from "./http/index.js";
export { type MemoryStoreOptions, memoryStore } from "./memory/memory-store.js";
export { type OpenStoreOptions, openStore } from "./open-store.js";
export type { ReporterOptions } from "./reporter.js";
export type {
  AdmitCommand,
  ControlCommand,
  FleetCommand,
  IsolateCommand,
  ReadCommand,
  ReleaseCommand,
  ResetCommand,
  SettleCommand,
} from "./rules/command.js";
export { MAX_REPORTERS, type SharedPolicy } from "./rules/policy.js";
export { type Reduction, reduce } from "./rules/reduce.js";
export {
  type FleetChange,
  type FleetChangeReason,
  type FleetReply,
  type FleetSnapshot,
  type IsolationSnapshot,
  MAX_HISTORY,
} from "./rules/reply.js";
export {
  type ClosedPhase,
  type FleetState,
  type HalfOpenPhase,
  type Isolation,
  keepForMs,
  type Lease,
  type OpenPhase,
  type OutcomeCounts,
  type ReportedFailure,
  type Reporter,
  type ReportTime,
  type RunningSecond,
  type SharedFailure,
} from "./rules/state.js";
export type { SharedCounts } from "./shared-circuit.js";
export type { SharedCircuitBreaker, SharedCircuitMetrics } from "./shared-circuit-breaker.js";
export {
  isSharedCircuitOpenError,
  type OpenedBy,
  SharedCircuitOpenError,
} from "./shared-open-error.js";
export type { SharedRegistry } from "./shared-registry.js";
export type { FleetEntry, FleetKey, FleetListener, FleetStore } from "./store.js";
export { FleetStoreError, isFleetStoreError } from "./store-error.js";
export type { LinkCounts } from "./store-link.js";
