/** The result of `check()`: whether a breaker would admit a call now. */

import type { RejectionReason } from "../errors.js";

/** Whether a call would be admitted now, and if not, why and for how long. */
export interface AdmissionCheck {
  /** Whether a call would be admitted. Always true under `observe` and `disable`. */
  readonly admits: boolean;
  /**
   * The reason for a rejection. Under `observe`, the reason why an automatic breaker would reject.
   */
  readonly reason: RejectionReason | undefined;
  /** Whole milliseconds until a retry makes sense; undefined when isolated. */
  readonly retryAfterMs: number | undefined;
}

export const ADMITTED: AdmissionCheck = Object.freeze({
  admits: true,
  reason: undefined,
  retryAfterMs: 0,
});
export const ISOLATED: AdmissionCheck = Object.freeze({
  admits: false,
  reason: "isolated",
  retryAfterMs: undefined,
});
