/** An upstream of one request on its way. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { Machine } from "../../breaker/machine.js";
import type { Dependence } from "../judgement/facts.js";

export interface UpstreamInFlight extends Dependence {
  readonly breaker: CircuitBreaker;
  /** What is behind the breaker. */
  readonly machine: Machine;
  /** Whether it was asked for its leave; one that was not takes the outcome all the same. */
  readonly isGated: boolean;
}

/** The upstreams of one request on their way, by the names of their breakers. */
export type UpstreamsInFlight = ReadonlyMap<string, UpstreamInFlight>;
