/** An upstream of one request in flight. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { Machine } from "../../breaker/machine.js";
import type { Dependence } from "../judgement/facts.js";

export interface UpstreamInFlight extends Dependence {
  readonly breaker: CircuitBreaker;
  /** The machine of the breaker. */
  readonly machine: Machine;
  /**
   * Whether its breaker was asked for admission; one that was not gets the outcome all the same.
   */
  readonly isGated: boolean;
}

/** The upstreams of one request in flight, by the names of their breakers. */
export type UpstreamsInFlight = ReadonlyMap<string, UpstreamInFlight>;
