/** Lets a piece of work meet the fault that the plan has for it. */

import type { Work } from "../engine/context.js";
import { Abandoned, pause, untilAborted } from "../engine/steps.js";
import type { UpstreamFault } from "./fault-rules.js";
import { type Call, upstreamFault, type Verdict } from "./faults.js";
import { EngineError } from "./wire-errors.js";

/** A fault of a host, to be worded by the operation that asked it. */
export interface MetFault {
  readonly fault: UpstreamFault;
  readonly host: string;
}

/**
 * Asks the plan about a call. Faults of the session strike here, and most of them never return;
 * the fault of a host is given back.
 */
export async function meetFaults(work: Work, call: Call): Promise<MetFault | undefined> {
  return meetVerdict(work, work.engine.faults.decide(call));
}

/** The same for what the plan has decided already. */
export async function meetVerdict(work: Work, verdict: Verdict): Promise<MetFault | undefined> {
  const { engine, session, signal } = work;
  if (verdict.latencyMs > 0) await pause(verdict.latencyMs, signal);
  const upstream = upstreamFault(verdict);
  if (upstream !== undefined) {
    return verdict.host === undefined ? undefined : { fault: upstream, host: verdict.host };
  }
  const { fault } = verdict;
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
 * What a session of engine 0.19 meets when the engine was restarted: all that needs the caller
 * waits, then fails.
 */
export async function requireCaller(work: Work): Promise<void> {
  if (!work.session.lost) return;
  await pause(work.engine.settings.lostSessionDelayMs, work.signal);
  throw new EngineError("failed to get main client caller: context deadline exceeded");
}
