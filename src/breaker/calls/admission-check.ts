/** What a breaker answers when it is asked without being called. */

import type { RejectionReason } from "../errors.js";

/** What an admission would be told now. */
export interface AdmissionCheck {
  /** Whether a call would be let in; always true under `observe` and `disable`. */
  readonly admits: boolean;
  /** Why not; under `observe`, why an automatic breaker would not. */
  readonly reason: RejectionReason | undefined;
  /** Milliseconds until asking again makes sense; undefined when isolated. */
  readonly retryAfterMs: number | undefined;
}

/** Nothing stands in the way. */
export const ADMITTED: AdmissionCheck = Object.freeze({
  admits: true,
  reason: undefined,
  retryAfterMs: 0,
});
/** Somebody isolated the circuit. */
export const ISOLATED: AdmissionCheck = Object.freeze({
  admits: false,
  reason: "isolated",
  retryAfterMs: undefined,
});
