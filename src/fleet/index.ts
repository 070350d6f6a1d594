/** Exports the API of shared circuits: the fleet, and the types for authors of a store. */

export type { SharedCounts } from "./client/circuit/shared-counts.js";
export {
  createFleet,
  type Fleet,
  type OpenOptions,
  type ShareOptions,
} from "./client/fleet.js";
export type { ControlOptions, IsolateOptions } from "./client/fleet-control.js";
export type {
  FleetChangeEvent,
  FleetEvents,
  SharedEventName,
  SharedRejectedEvent,
  StoreDownEvent,
  StoreUpEvent,
} from "./client/fleet-events.js";
export type { FleetMetrics } from "./client/fleet-metrics.js";
export type { FleetMode, FleetOptions } from "./client/fleet-options.js";
export type { LinkCounts } from "./client/link/link-counts.js";
export type { ReporterOptions } from "./client/reporter.js";
export type {
  SharedCircuitBreaker,
  SharedCircuitMetrics,
} from "./client/shared-circuit-breaker.js";
export {
  isSharedCircuitOpenError,
  type OpenedBy,
  SharedCircuitOpenError,
} from "./client/shared-open-error.js";
export type { SharedRegistry } from "./client/shared-registry.js";
export {
  type FleetServer,
  type FleetServerOptions,
  type HttpStoreOptions,
  httpStore,
  startFleetServer,
} from "./http/index.js";
export { type MemoryStoreOptions, memoryStore } from "./memory/memory-store.js";
export { type OpenStoreOptions, openStore } from "./open-store.js";
export type {
  AdmitCommand,
  ControlCommand,
  FaultCount,
  FleetCommand,
  IsolateCommand,
  ReadCommand,
  ReleaseCommand,
  ResetCommand,
  SettleCommand,
  TellCommand,
} from "./rules/command.js";
export { MAX_REPORTERS, type SharedPolicy } from "./rules/policy.js";
export type { CircuitRecord } from "./rules/record.js";
export { type Reduction, reduce } from "./rules/reduce.js";
export {
  type FleetChange,
  type FleetChangeReason,
  type FleetReply,
  type FleetSnapshot,
  type IsolationSnapshot,
  MAX_HISTORY,
} from "./rules/reply.js";
export type {
  CircuitReport,
  ProbeHolder,
  RunResultTotals,
  RunTotals,
  SecondCount,
} from "./rules/report.js";
export { keepForMs } from "./rules/retention.js";
export type { RunRecord, RunResult } from "./rules/run-report.js";
export type {
  ClosedPhase,
  FleetState,
  HalfOpenPhase,
  Isolation,
  Lease,
  OpenPhase,
  OutcomeCounts,
  ReportedFailure,
  Reporter,
  ReportTime,
  RunningSecond,
  SharedFailure,
} from "./rules/state.js";
export type { FleetEntry, FleetKey, FleetListener, FleetStore } from "./store.js";
export { FleetStoreError, isFleetStoreError } from "./store-error.js";
