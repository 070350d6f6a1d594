/** The states of a circuit, as one type. */

import type { ClosedState } from "./closed.js";
import type { HalfOpenState } from "./half-open.js";
import type { OpenState } from "./open.js";

/** One of the three states, told apart by `kind`. */
export type State = ClosedState | OpenState | HalfOpenState;
