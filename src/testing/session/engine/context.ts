/** What a step of the engine's work gets to know. */

import type { NestedClient } from "../modules/running-function.js";
import type { ActiveSpan } from "../traces/active-span.js";
import type { Engine } from "./engine.js";
import type { Session } from "./session.js";

/** The piece of work for which a resolver runs. */
export interface Work {
  readonly engine: Engine;
  readonly session: Session;
  /** Aborted when nobody waits for the work any more, or the engine goes. */
  readonly signal: AbortSignal;
  /** The span of the work, under which stands what it does. */
  readonly span: ActiveSpan;
  /** Cuts the connection of the HTTP request, before the answer or within its body. */
  readonly cutConnection: (where: "before" | "body") => void;
  /** The function of a module that asks; undefined for the client of the session itself. */
  readonly nested: NestedClient | undefined;
  /** Called for each field that is more than the business of a module's runtime with itself. */
  readonly noticed: () => void;
}
