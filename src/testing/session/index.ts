/** The session double: a Dagger session without an engine, for tests. */

export type { SessionDoubleCliOptions } from "./cli-options.js";
export { sessionDoubleCliPath } from "./cli-path.js";
export type { CommandDouble, StepDouble } from "./command/command-script.js";
export type {
  Fault,
  FaultOperation,
  FaultRule,
  SessionFault,
  UpstreamFault,
} from "./faults/fault-rules.js";
export type {
  FunctionDouble,
  FunctionEnvironment,
  FunctionProgram,
  ModuleCall,
  ModuleDouble,
  ModuleFunction,
} from "./options/module-options.js";
export type {
  EngineVersion,
  SessionDoubleOptions,
  SessionDoubleTraces,
} from "./options/session-options.js";
export {
  type CliEnvironment,
  type SessionDouble,
  type SessionEnvironment,
  startSessionDouble,
} from "./session-double.js";
