/** Tells what of a command can be heard beside its own output. */

import type { Environment } from "../traces/environment.js";
import { parseTraceparent } from "../traces/trace-context.js";
import type { RunPlan } from "./run-plan.js";

/** The variables that have a CLI send its traces and logs to us. */
export function exportsOf({ witness, steps }: RunPlan): Environment {
  return { ...witness?.variables, ...steps?.variables };
}

/** Whether the output of steps reaches us also where the command prints nothing. */
export function hearsSteps({ steps, sendsTraces, sessions }: RunPlan): boolean {
  const isHeard = steps !== undefined && steps.offReason === undefined;
  return isHeard && (sendsTraces || sessions !== undefined);
}

/** Whether traces may come that show what the command does. */
export function isTraced({ witness, sendsTraces, sessions, env }: RunPlan): boolean {
  const isSampled = parseTraceparent(env.TRACEPARENT)?.sampled !== false;
  return witness?.receiver !== undefined && isSampled && (sendsTraces || sessions !== undefined);
}
