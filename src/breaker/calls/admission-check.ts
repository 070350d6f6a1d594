/** The result of `check()`: whether a breaker would admit a call now. */

import type { RejectionReason } from "../errors.js";

/**
 * The result of `check()`: whether a call would be admitted now, and if not, the reason and the
 * remaining time.
 */
export interface AdmissionCheck {
  /** Whether a call would be admitted. Always true under `observe` and `disable`. */
  readonly admits: boolean;
  /**
   * The reason for a rejection. Under `observe`, the reason why an automatic breaker would reject
   * the call. Undefined if no breaker would reject the call.
   */
  readonly reason: RejectionReason | undefined;
  /**
   * Whole milliseconds until a retry makes sense. 0 if `reason` is undefined; undefined when
   * isolated.
   */
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
