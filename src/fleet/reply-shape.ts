/** Whether what a store answered is an answer: a store may be anybody's, and no call may fail of it. */

import type { FleetReply, FleetSnapshot } from "./rules/reply.js";

const STATES: readonly unknown[] = ["closed", "open", "half-open"];
const REFUSALS: readonly unknown[] = ["open", "probing", "isolated"];

type Loose<T> = { readonly [K in keyof T]?: unknown };

/**
 * Whether a value is an answer, as far as this process acts on it.
 *
 * @param count How many calls were asked for.
 */
export function isReply(value: unknown, count: number): value is FleetReply {
  try {
    if (!isObject<FleetReply>(value)) return false;
    const { admitted, refusal, changes, snapshot } = value;
    return (
      isCount(admitted) &&
      admitted <= count &&
      (refusal === null ? admitted === count : REFUSALS.includes(refusal)) &&
      Array.isArray(changes) &&
      changes.every(isObject) &&
      isSnapshot(snapshot)
    );
  } catch {
    return false; // A revoked proxy throws when it is looked at.
  }
}

/** Whether a value is a snapshot, as far as this process acts on it. */
export function isSnapshot(value: unknown): value is FleetSnapshot {
  if (!isObject<FleetSnapshot>(value)) return false;
  const { generation, state, ageMs, retryAfterMs, isolation, failure } = value;
  return (
    isCount(generation) &&
    STATES.includes(state) &&
    isDuration(ageMs) &&
    isDuration(retryAfterMs) &&
    (isolation === null || isIsolation(isolation)) &&
    (failure === null || isFailure(failure))
  );
}

function isIsolation(value: unknown): boolean {
  if (!isObject<NonNullable<FleetSnapshot["isolation"]>>(value)) return false;
  const { reason, owner, ageMs, remainingMs } = value;
  return isText(reason) && isText(owner) && isDuration(ageMs) && isDuration(remainingMs);
}

function isFailure(value: unknown): boolean {
  if (!isObject<NonNullable<FleetSnapshot["failure"]>>(value)) return false;
  const { fault, rule, limited, reporter } = value;
  if (!isObject<{ host: string; run: string | null }>(reporter)) return false;
  const { host, run } = reporter;
  return (
    isTextOrNull(fault) &&
    isText(rule) &&
    typeof limited === "boolean" &&
    isText(host) &&
    isTextOrNull(run)
  );
}

function isObject<T>(value: unknown): value is Loose<T> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDuration(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value);
}
