/** Compares secrets in constant time. */

import { timingSafeEqual } from "node:crypto";

/** Returns whether `given` equals `secret`. The time taken does not reveal where the two texts differ. */
export function isSameSecret(given: string, secret: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(secret)];
  return left.length === right.length && timingSafeEqual(left, right);
}
