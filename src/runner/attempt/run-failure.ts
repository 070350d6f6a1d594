/** The failure of an attempt, and the circuit that the failure concerns. */

import type { Failure } from "../../attribution/failure.js";

export interface RunFailure extends Failure {
  /** The breaker that counted the failure; null if none did. */
  readonly breaker: string | null;
  /**
   * The circuit that the failure concerns, even if the failure did not count there. Null if the
   * cause has no circuit.
   */
  readonly circuit: string | null;
  /**
   * Whether the failure counts only in this run, although its circuit is shared. This happens if
   * only the output of a program other than dagger shows the failure. If `--needs` named the
   * circuit, the failure would count in the store.
   */
  readonly couldShare: boolean;
}
