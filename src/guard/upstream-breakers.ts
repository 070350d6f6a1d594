/** The part of a guard that finds breakers. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";

/** An object that finds the breakers of upstreams. */
export interface UpstreamBreakers {
  /** Returns the breaker with a name, or undefined if the registry has no room for it. */
  upstream(name: string): CircuitBreaker | undefined;
}
