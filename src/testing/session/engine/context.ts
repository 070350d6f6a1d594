/** The context that a piece of the engine's work runs in. */

import type { ActiveSpan } from "../traces/active-span.js";
import type { Engine } from "./engine.js";
import type { NestedClient } from "./running-function.js";
import type { Session } from "./session.js";

/** A piece of the engine's work, such as resolving a field. */
export interface Work {
  readonly engine: Engine;
  readonly session: Session;
  /** Aborted when no request waits for this work any more, or the engine stops. */
  readonly signal: AbortSignal;
  /** The span of this work. Spans of inner work are below it. */
  readonly span: ActiveSpan;
  /** Cuts the connection of the request, before its answer or within the body. */
  readonly cutConnection: (where: "before" | "body") => void;
  /** The function of a module that sent the request; undefined for the client of the session. */
  readonly nested: NestedClient | undefined;
  /** Called for each field that is not part of the protocol between the engine and a module's runtime. */
  readonly noticed: () => void;
}
