/** The union of the three states. */

import type { ClosedState } from "./closed.js";
import type { HalfOpenState } from "./half-open.js";
import type { OpenState } from "./open.js";

/** One of the three states, discriminated by `kind`. */
export type State = ClosedState | OpenState | HalfOpenState;
