/** Applies faults to the engine's work. */

import type { UpstreamFault } from "../faults/fault-rules.js";
import type { FaultableCall, PlannedEnd } from "../faults/faults.js";
import { upstreamFault } from "../faults/faults.js";
import { EngineError } from "../faults/wire-errors.js";
import type { Work } from "./context.js";
import { Abandoned, pause, untilAborted } from "./steps.js";

/** A fault of a host that applies to an operation. The operation creates the message. */
export interface MetFault {
  readonly fault: UpstreamFault;
  readonly host: string;
}

/**
 * Decides whether a call gets a fault. Faults of the session happen here, and most never return. The fault
 * of a host is returned.
 */
export async function meetFaults(work: Work, call: FaultableCall): Promise<MetFault | undefined> {
  return applyDecision(work, work.engine.faults.decide(call));
}

/** Applies a decision about a call. */
export async function applyDecision(
  work: Work,
  decision: PlannedEnd,
): Promise<MetFault | undefined> {
  const { engine, session, signal } = work;
  if (decision.latencyMs > 0) await pause(decision.latencyMs, signal);
  const upstream = upstreamFault(decision);
  if (upstream !== undefined) {
    return decision.host === undefined ? undefined : { fault: upstream, host: decision.host };
  }
  const { fault } = decision;
  switch (fault?.kind) {
    case undefined:
      return undefined;
    case "message":
      throw new EngineError(fault.message);
    case "resetBody":
      work.cutConnection("body");
      return undefined;
    case "reset":
      work.cutConnection("before");
      throw new Abandoned("the connection of the request was reset");
    case "engineKilled":
      engine.kill();
      break;
    case "engineEnded":
      engine.end();
      break;
    case "engineRestarted":
      engine.restart();
      break;
    case "cliGone":
      void session.drop();
      throw new Abandoned("the session of the request is gone");
  }
  return untilAborted(signal);
}

/**
 * Waits and then throws in a session from before a restart, as engine 0.19 does. Call it before work that
 * needs the client.
 */
export async function requireCaller(work: Work): Promise<void> {
  if (!work.session.lost) return;
  await pause(work.engine.settings.lostSessionDelayMs, work.signal);
  throw new EngineError("failed to get main client caller: context deadline exceeded");
}
