/**
 * Determines which signs of progress can arrive besides a command's output: traces, and logs of
 * steps.
 */

import type { Environment } from "../traces/environment.js";
import { parseTraceparent } from "../traces/trace-context.js";
import type { RunPlan } from "./run-plan.js";

/** Returns the variables that make a CLI send its traces and logs to this process. */
export function exportsOf({ tracing, steps }: RunPlan): Environment {
  return { ...tracing?.variables, ...steps?.variables };
}

/** Returns whether the output of steps arrives even if the command prints nothing. */
export function hearsSteps({ steps, sendsTraces, sessions }: RunPlan): boolean {
  const isHeard = steps !== undefined && steps.offReason === undefined;
  return isHeard && (sendsTraces || sessions !== undefined);
}

/** Returns whether traces may arrive. If TRACEPARENT turns sampling off, traces never arrive. */
export function isTraced({ tracing, sendsTraces, sessions, env }: RunPlan): boolean {
  const isSampled = parseTraceparent(env.TRACEPARENT)?.sampled !== false;
  return tracing?.receiver !== undefined && isSampled && (sendsTraces || sessions !== undefined);
}
