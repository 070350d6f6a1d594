/** An upstream of one request, with its breaker. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { Machine } from "../../breaker/machine.js";
import type { Dependence } from "../judgement/facts.js";

export interface UpstreamInFlight extends Dependence {
  readonly breaker: CircuitBreaker;
  /** The state machine of the breaker. */
  readonly machine: Machine;
  /** Whether the breaker was asked for a permit. If not, the breaker still gets the outcome. */
  readonly isGated: boolean;
}

/** The upstreams of one request, by breaker name. */
export type UpstreamsInFlight = ReadonlyMap<string, UpstreamInFlight>;
