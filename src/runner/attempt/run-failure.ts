/** The failure of an attempt, with the circuit that it concerns. */

import type { Failure } from "../../attribution/failure.js";

/** The failure of an attempt. */
export interface RunFailure extends Failure {
  /** The breaker that counted the failure; null if none did. */
  readonly breaker: string | null;
  /**
   * The circuit of the failure, even if the failure did not count there; null if the cause has no
   * circuit.
   */
  readonly circuit: string | null;
  /**
   * Whether the failure counts only in this run although its circuit is shared, because only the
   * program's output shows the failure. With `--needs` and the circuit's name it would count in the
   * store.
   */
  readonly couldShare: boolean;
}
