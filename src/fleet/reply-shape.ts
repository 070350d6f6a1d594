/**
 * Checks the shape of replies from a store. Any program can serve as a store, so a malformed reply
 * must not make a call fail.
 */

import type { FaultCount } from "./rules/command.js";
import type { FleetChange, FleetReply, FleetSnapshot } from "./rules/reply.js";
import type {
  CircuitReport,
  ProbeHolder,
  RunResultTotals,
  RunTotals,
  SecondCount,
} from "./rules/report.js";
import type { ReportedFailure, Reporter } from "./rules/state.js";
import type { FleetEntry } from "./store.js";

const STATES: readonly unknown[] = ["closed", "open", "half-open"];
const REFUSALS: readonly unknown[] = ["open", "probing", "isolated"];

type Loose<T> = { readonly [K in keyof T]?: unknown };

/**
 * Returns whether a value is a valid reply to a command.
 *
 * @param count Number of calls that the command asks to admit.
 */
export function isReply(value: unknown, count: number): value is FleetReply {
  try {
    if (!isObject<FleetReply>(value)) return false;
    const { admitted, refusal, counted, late, changes, snapshot, report } = value;
    return (
      isWhole(admitted) &&
      admitted <= count &&
      (refusal === null ? admitted === count : REFUSALS.includes(refusal)) &&
      isAmount(counted) &&
      isAmount(late) &&
      Array.isArray(changes) &&
      changes.every(isChange) &&
      isSnapshot(snapshot) &&
      (report === undefined || isReport(report))
    );
  } catch {
    return false; // A revoked proxy object throws on any access.
  }
}

/** Returns whether a value is a valid entry of a list or of a push. */
export function isEntry(value: unknown): value is FleetEntry {
  if (!isObject<FleetEntry>(value)) return false;
  const { name, snapshot, report } = value;
  return isText(name) && isSnapshot(snapshot) && (report === undefined || isReport(report));
}

/** Returns whether a value is a valid change in a history. */
export function isChange(value: unknown): value is FleetChange {
  if (!isObject<FleetChange>(value)) return false;
  const { atMs, generation, reason, from, to, forMs, by, failure, owner, note } = value;
  return (
    isAmount(atMs) &&
    isWhole(generation) &&
    isText(reason) &&
    STATES.includes(from) &&
    STATES.includes(to) &&
    (forMs === null || isAmount(forMs)) &&
    (by === null || isReporter(by)) &&
    (failure === null || isFailure(failure)) &&
    isTextOrNull(owner) &&
    isTextOrNull(note)
  );
}

function isSnapshot(value: unknown): value is FleetSnapshot {
  if (!isObject<FleetSnapshot>(value)) return false;
  const { generation, state, ageMs, retryAfterMs, badSeconds, reporters, probes } = value;
  const { openings, isolation, failure, counts } = value;
  return (
    isWhole(generation) &&
    STATES.includes(state) &&
    isAmount(ageMs) &&
    isAmount(retryAfterMs) &&
    isAmount(badSeconds) &&
    isAmount(reporters) &&
    isAmount(probes) &&
    isAmount(openings) &&
    (isolation === null || isIsolation(isolation)) &&
    (failure === null || isFailure(failure)) &&
    isObject<FleetSnapshot["counts"]>(counts) &&
    isAmount(counts.successes) &&
    isAmount(counts.failures) &&
    isAmount(counts.late)
  );
}

function isReport(value: unknown): boolean {
  if (!isObject<CircuitReport>(value)) return false;
  const { rejections, failures, transitions, openMs, seconds, probes, policy, runs } = value;
  return (
    isAmount(rejections) &&
    isListOf<FaultCount>(
      failures,
      ({ fault, limited, count }) =>
        isTextOrNull(fault) && typeof limited === "boolean" && isAmount(count),
    ) &&
    isObject(transitions) &&
    Object.values(transitions).every(isAmount) &&
    isAmount(openMs) &&
    isListOf<SecondCount>(seconds, (one) =>
      [one.secondsAgo, one.successes, one.failures].every(isAmount),
    ) &&
    isListOf<ProbeHolder>(
      probes,
      ({ host, run, remainingMs }) =>
        isTextOrNull(host) && isTextOrNull(run) && isAmount(remainingMs),
    ) &&
    (policy === null || (isObject(policy) && Object.values(policy).every(isAmount))) &&
    isRuns(runs)
  );
}

function isRuns(value: unknown): boolean {
  if (!isObject<RunTotals>(value)) return false;
  const { results, faults, waitedMs, avoidedMs, failedMs } = value;
  return (
    isListOf<RunResultTotals>(
      results,
      ({ result, count, durationMs, buckets }) =>
        isText(result) &&
        isAmount(count) &&
        isAmount(durationMs) &&
        Array.isArray(buckets) &&
        buckets.every(isAmount),
    ) &&
    isListOf<FaultCount>(faults, ({ fault, count }) => isTextOrNull(fault) && isAmount(count)) &&
    isAmount(waitedMs) &&
    isAmount(avoidedMs) &&
    Array.isArray(failedMs) &&
    failedMs.every(isAmount)
  );
}

function isListOf<T>(value: unknown, isOne: (one: Loose<T>) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isObject<T>(one) && isOne(one));
}

function isIsolation(value: unknown): boolean {
  if (!isObject<NonNullable<FleetSnapshot["isolation"]>>(value)) return false;
  const { reason, owner, ageMs, remainingMs } = value;
  return isText(reason) && isText(owner) && isAmount(ageMs) && isAmount(remainingMs);
}

function isFailure(value: unknown): boolean {
  if (!isObject<ReportedFailure>(value)) return false;
  const { fault, rule, limited, reporter } = value;
  return (
    isTextOrNull(fault) && isText(rule) && typeof limited === "boolean" && isReporter(reporter)
  );
}

function isReporter(value: unknown): boolean {
  if (!isObject<Reporter>(value)) return false;
  const { id, host, run } = value;
  return isText(id) && isText(host) && isTextOrNull(run);
}

function isObject<T>(value: unknown): value is Loose<T> {
  return typeof value === "object" && value !== null;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value);
}
