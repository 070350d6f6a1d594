/** The context of a step of the engine's work. */

import type { NestedClient } from "../modules/running-function.js";
import type { ActiveSpan } from "../traces/active-span.js";
import type { Engine } from "./engine.js";
import type { Session } from "./session.js";

/** The piece of work for which a resolver runs. */
export interface Work {
  readonly engine: Engine;
  readonly session: Session;
  /** Aborted when no request waits for the work, or the engine stops. */
  readonly signal: AbortSignal;
  /** The span of the work, the parent of its further spans. */
  readonly span: ActiveSpan;
  /** Cuts the connection of the HTTP request, before the answer or within its body. */
  readonly cutConnection: (where: "before" | "body") => void;
  /** The requesting function of a module; undefined for the client of the session itself. */
  readonly nested: NestedClient | undefined;
  /** Called for each field outside the protocol between the engine and a module's runtime. */
  readonly noticed: () => void;
}
