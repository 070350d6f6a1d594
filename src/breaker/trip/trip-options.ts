/** Reads the options of a trip policy. The result is a plan that creates policies. */

import {
  checkNumber,
  MILLISECONDS,
  type NumberRange,
  numberField,
  readObject,
  readOptions,
  SHARE,
  SOME_CALLS,
  SOME_MILLISECONDS,
  show,
} from "../../options/check.js";
import { BadSecondsTrip } from "./bad-seconds.js";
import { ConsecutiveTrip } from "./consecutive.js";
import { CountWindow } from "./count-window.js";
import { FailureRateTrip } from "./failure-rate.js";
import { FailuresInWindowTrip } from "./failures-in-window.js";
import { TimeWindow } from "./time-window.js";
import type { TripPlan, TripPolicy } from "./trip-policy.js";

/**
 * The options of the trip policy, which decides when a closed circuit opens. Set exactly one of the
 * four policies.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "dagger-circuit-breaker";
 *
 * new CircuitBreaker({ trip: { consecutive: 5 } });
 * new CircuitBreaker({ trip: { badSeconds: 5, windowMs: 60_000 } });
 * new CircuitBreaker({ trip: { failures: 20, windowMs: 60_000 } });
 * new CircuitBreaker({ trip: { failureRate: 0.5, windowCalls: 100, minimumCalls: 20 } });
 * ```
 */
export type TripOptions = ConsecutiveOptions | BadSecondsOptions | FailuresOptions | RateOptions;

/**
 * The options of the policy that opens the circuit after consecutive failures. A success resets the
 * count.
 */
export interface ConsecutiveOptions {
  /** Consecutive failures that open the circuit, 1 to 1,000,000. */
  readonly consecutive: number;
}

/**
 * The options of the policy that opens the circuit after consecutive bad seconds.
 *
 * A second begins with its first outcome, and is bad if more calls failed than succeeded. So a
 * burst of fifty failures in one second is one bad second.
 */
export interface BadSecondsOptions {
  /** Consecutive bad seconds that open the circuit, 1 to 3,600. */
  readonly badSeconds: number;
  /** Milliseconds within which the bad seconds must occur, at least 1,000 for each bad second. */
  readonly windowMs: number;
}

/**
 * The options of the policy that opens the circuit after a number of failures within a time window.
 * Successes do not reset the count.
 */
export interface FailuresOptions {
  /** Failures within the window that open the circuit, 1 to 100,000. */
  readonly failures: number;
  /** The length of the window in milliseconds; above 0. */
  readonly windowMs: number;
}

/**
 * The options of the policy that opens the circuit if the share of failed or slow calls in a window
 * is too large. Set exactly one of `windowMs` and `windowCalls`.
 */
export interface RateOptions {
  /** The share of failures that opens the circuit, above 0 and up to 1. */
  readonly failureRate: number;
  /** The length of a time window in milliseconds; above 0. The window has ten buckets. */
  readonly windowMs?: number | undefined;
  /** The size of a window of the most recent calls, 1 to 1,000,000. */
  readonly windowCalls?: number | undefined;
  /**
   * The number of calls that the window must hold before the rates can open the circuit: 1 to
   * 1,000,000, and at most `windowCalls`. Default: 10, or `windowCalls` if that is less.
   */
  readonly minimumCalls?: number | undefined;
  /**
   * Milliseconds from which a call is slow; above 0. Default: no call is slow, and calls are not
   * timed.
   */
  readonly slowCallMs?: number | undefined;
  /**
   * The share of slow calls that opens the circuit, above 0 and up to 1. Requires `slowCallMs`.
   * Default: 1.
   */
  readonly slowCallRate?: number | undefined;
}

const OWNER = "CircuitBreaker trip";
const BAD_SECONDS: NumberRange = { min: 1, max: 3600, whole: true };
const FAILURES: NumberRange = { min: 1, max: 100_000, whole: true };
const SOME_SHARE: NumberRange = { ...SHARE, above: true };
const DEFAULT_MINIMUM_CALLS = 10;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Checks trip options and returns a plan that creates policies.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
 */
export function readTrip(given: unknown): TripPlan {
  const kind = readKind(given);
  if (kind === "consecutive") return readConsecutive(given);
  if (kind === "badSeconds") return readBadSeconds(given);
  if (kind === "failures") return readFailures(given);
  return readRate(given);
}

/** Checks `failureThreshold`, the short form of `trip: { consecutive }`. */
export function readThreshold(value: unknown, label: string): TripPlan {
  const threshold = checkNumber(value, label, SOME_CALLS);
  return untimed({ consecutive: threshold }, () => new ConsecutiveTrip(threshold));
}

const KINDS = ["consecutive", "badSeconds", "failures", "failureRate"] as const;

function readKind(given: unknown): (typeof KINDS)[number] {
  const allowed = [
    ...KINDS,
    "windowMs",
    "windowCalls",
    "minimumCalls",
    "slowCallMs",
    "slowCallRate",
  ];
  const options = readObject(OWNER, given, allowed);
  const kinds = KINDS.filter((kind) => options[kind] !== undefined);
  if (kinds.length === 1 && kinds[0] !== undefined) return kinds[0];
  throw new TypeError(
    `${OWNER} names ${kinds.join(" and ") || "no policy"}, expected exactly one of ${KINDS.join(", ")}`,
  );
}

function readConsecutive(given: unknown): TripPlan {
  const { consecutive } = readOptions(OWNER, given, { consecutive: numberField(0, SOME_CALLS) });
  return untimed({ consecutive }, () => new ConsecutiveTrip(consecutive));
}

function readBadSeconds(given: unknown): TripPlan {
  const { badSeconds, windowMs } = readOptions(OWNER, given, {
    badSeconds: numberField(0, BAD_SECONDS),
    windowMs: numberField(undefined, SOME_MILLISECONDS),
  });
  const window = required("windowMs", windowMs, "badSeconds");
  // A shorter window has no room for that many seconds, and the circuit could never open.
  checkNumber(window, `${OWNER} option "windowMs"`, { ...MILLISECONDS, min: badSeconds * 1000 });
  return untimed({ badSeconds, windowMs }, () => new BadSecondsTrip(badSeconds, window));
}

function readFailures(given: unknown): TripPlan {
  const { failures, windowMs } = readOptions(OWNER, given, {
    failures: numberField(0, FAILURES),
    windowMs: numberField(undefined, SOME_MILLISECONDS),
  });
  const window = required("windowMs", windowMs, "failures");
  return untimed({ failures, windowMs }, () => new FailuresInWindowTrip(failures, window));
}

function readRate(given: unknown): TripPlan {
  const options = readOptions(OWNER, given, {
    failureRate: numberField(0, SOME_SHARE),
    windowMs: numberField(undefined, SOME_MILLISECONDS),
    windowCalls: numberField(undefined, SOME_CALLS),
    minimumCalls: numberField(undefined, SOME_CALLS),
    slowCallMs: numberField(undefined, SOME_MILLISECONDS),
    slowCallRate: numberField(undefined, SOME_SHARE),
  });
  const { windowMs, windowCalls, failureRate, slowCallMs } = options;
  if ((windowMs === undefined) === (windowCalls === undefined)) {
    throw new TypeError(
      `${OWNER} has windowMs ${show(windowMs)} and windowCalls ${show(windowCalls)}, expected exactly one of them`,
    );
  }
  if (options.slowCallRate !== undefined && slowCallMs === undefined) {
    throw new TypeError(
      `${OWNER} option "slowCallMs" is missing: slowCallRate needs it, in milliseconds`,
    );
  }
  const largest = windowCalls ?? SOME_CALLS.max;
  const minimumCalls = options.minimumCalls ?? Math.min(DEFAULT_MINIMUM_CALLS, largest);
  checkNumber(minimumCalls, `${OWNER} option "minimumCalls"`, { ...SOME_CALLS, max: largest });
  const thresholds = {
    failureRate,
    minimumCalls,
    slowCallRate: slowCallMs === undefined ? NEVER : (options.slowCallRate ?? 1),
  };
  const newWindow = () =>
    windowMs === undefined ? new CountWindow(largest) : new TimeWindow(windowMs);
  return {
    options: {
      failureRate,
      minimumCalls,
      windowMs,
      windowCalls,
      slowCallMs,
      slowCallRate: slowCallMs && thresholds.slowCallRate,
    },
    slowCallMs,
    newPolicy: () => new FailureRateTrip(newWindow(), thresholds),
  };
}

function untimed(options: TripPlan["options"], newPolicy: () => TripPolicy): TripPlan {
  return { options, slowCallMs: undefined, newPolicy };
}

function required(name: string, value: number | undefined, beside: string): number {
  if (value !== undefined) return value;
  throw new TypeError(`${OWNER} option "${name}" is missing: ${beside} needs it, in milliseconds`);
}
