/** The options of a breaker with their ranges and defaults, and the code that checks them. */

import {
  booleanField,
  checkText,
  type Field,
  functionField,
  MAX_DELAY_MS,
  type NumberRange,
  numberField,
  objectField,
  readOptions,
  SHARE,
  SOME_CALLS,
  SOME_MILLISECONDS,
  show,
} from "../options/check.js";
import { type Clock, type Random, systemClock } from "./clock.js";
import { readThreshold, readTrip, type TripOptions } from "./trip/trip-options.js";
import type { TripPlan } from "./trip/trip-policy.js";

/** The outcome of a settled call. An ignored call shows nothing about the upstream's health. */
export type Outcome = "success" | "failure" | "ignored";

/** Options of a breaker. Every option has a default. */
export interface CircuitBreakerOptions {
  /** The name in errors, events and metrics: 1 to 200 characters. Default: `"default"`. */
  readonly name?: string | undefined;
  /**
   * Consecutive failures that open the circuit, 1 to 1,000,000. Default: 5. This option is short
   * for `trip: { consecutive }`. Setting both options throws a TypeError.
   */
  readonly failureThreshold?: number | undefined;
  /** The trip policy. Default: the circuit opens after `failureThreshold` consecutive failures. */
  readonly trip?: TripOptions | undefined;
  /** Milliseconds that the circuit stays open before it probes; above 0. Default: 60,000. */
  readonly resetTimeoutMs?: number | undefined;
  /**
   * The upper limit of the open time in milliseconds, including growth, jitter and delays that the
   * upstream asks for. Default: one hour, or `resetTimeoutMs` if that is more.
   */
  readonly maxOpenMs?: number | undefined;
  /**
   * The factor by which the open time grows each time the circuit opens again, 1 to 100. Growth
   * starts over once the circuit has been closed for one `resetTimeoutMs`. Default: 1, which means
   * no growth.
   */
  readonly openTimeGrowthFactor?: number | undefined;
  /**
   * The largest share by which the open time is extended at random, 0 to 1. Jitter keeps many
   * processes from probing at the same moment. Default: 0.
   */
  readonly openTimeJitter?: number | undefined;
  /** Calls that may probe a half-open circuit at the same time, 1 to 1,000,000. Default: 1. */
  readonly halfOpenMaxCalls?: number | undefined;
  /** Successful probes that close the circuit, 1 to 1,000,000. Default: `halfOpenMaxCalls`. */
  readonly halfOpenSuccessThreshold?: number | undefined;
  /**
   * Milliseconds after which an unsettled probe loses its slot; above 0. The outcome of the probe
   * still counts. Default: `resetTimeoutMs`.
   */
  readonly halfOpenProbeTimeoutMs?: number | undefined;
  /** Classifies an error. Default: every error is a failure. */
  readonly classifyError?: ((error: unknown) => Outcome) | undefined;
  /** Classifies a value. Default: every value is a success. */
  readonly classifyResult?: ((value: unknown) => Outcome) | undefined;
  /**
   * Returns the number of milliseconds for which the upstream asked to be left alone, for example
   * in a `Retry-After` header. Returns undefined if the upstream did not ask. Default: the
   * `retryAfterMs` of a `ResponseError`.
   */
  readonly retryAfter?: ((error: unknown) => number | undefined) | undefined;
  /**
   * Whether rejections have a stack trace, which makes them several times as expensive. Default:
   * false.
   */
  readonly captureRejectionStack?: boolean | undefined;
  /** The source of time. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
  /**
   * The source of random numbers for jitter, from 0 (inclusive) to 1 (exclusive). Default:
   * `Math.random`.
   */
  readonly random?: Random | undefined;
}

const FACTOR: NumberRange = { min: 1, max: 100 };
const HOUR_MS = 3_600_000;
const MAX_NAME_LENGTH = 200;

const nameField: Field<string> = {
  absent: "default",
  read: (value, label) => checkText(value, label, MAX_NAME_LENGTH),
};

const FIELDS = {
  name: nameField,
  failureThreshold: { absent: undefined, read: readThreshold } as Field<TripPlan | undefined>,
  trip: { absent: undefined, read: readTrip } as Field<TripPlan | undefined>,
  resetTimeoutMs: numberField(60_000, SOME_MILLISECONDS),
  maxOpenMs: numberField(undefined, SOME_MILLISECONDS),
  openTimeGrowthFactor: numberField(1, FACTOR),
  openTimeJitter: numberField(0, SHARE),
  halfOpenMaxCalls: numberField(1, SOME_CALLS),
  halfOpenSuccessThreshold: numberField(undefined, SOME_CALLS),
  halfOpenProbeTimeoutMs: numberField(undefined, SOME_MILLISECONDS),
  classifyError: functionField<(error: unknown) => Outcome>(),
  classifyResult: functionField<(value: unknown) => Outcome>(),
  retryAfter: functionField<(error: unknown) => number | undefined>(),
  captureRejectionStack: booleanField(false),
  clock: objectField<Clock>(systemClock, ["now"]),
  random: { absent: Math.random, read: functionField<Random>().read } as Field<Random>,
};

const DEFAULT_TRIP = readThreshold(5, "the default");

/** Checked options. Breakers with the same options may share them. */
export interface Settings {
  readonly trip: TripPlan;
  readonly resetTimeoutMs: number;
  readonly maxOpenMs: number;
  readonly openTimeGrowthFactor: number;
  readonly openTimeJitter: number;
  readonly halfOpenMaxCalls: number;
  readonly halfOpenSuccessThreshold: number;
  readonly halfOpenProbeTimeoutMs: number;
  readonly classifyError: ((error: unknown) => Outcome) | undefined;
  readonly classifyResult: ((value: unknown) => Outcome) | undefined;
  readonly retryAfter: ((error: unknown) => number | undefined) | undefined;
  readonly captureRejectionStack: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Returns a description of the difference between two sets of options, with both values. Returns
 * undefined if they are equal. Functions and clocks are compared by identity.
 */
export function settingsDifference(there: Settings, here: Settings): string | undefined {
  const differences: string[] = [];
  for (const key of Object.keys(there) as (keyof Settings)[]) {
    const before = key === "trip" ? JSON.stringify(there.trip.options) : there[key];
    const now = key === "trip" ? JSON.stringify(here.trip.options) : here[key];
    if (Object.is(before, now)) continue;
    const shown =
      key === "trip"
        ? `${before} (existing) and ${now} (given)`
        : `${show(before)} (existing) and ${show(now)} (given)`;
    differences.push(`${key} is ${shown}`);
  }
  return differences.length === 0 ? undefined : differences.join(", ");
}

/**
 * Checks the options of a breaker and adds the defaults.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
 */
export function readSettings(given: unknown): { name: string; settings: Settings } {
  const read = checkSettings(given);
  const plain = Object.keys(given ?? {}).every((key) => key === "name");
  // Breakers without options share one settings object. With a million breakers, this saves much
  // memory.
  return plain ? { name: read.name, settings: DEFAULT_SETTINGS } : read;
}

function checkSettings(given: unknown): { name: string; settings: Settings } {
  const { name, failureThreshold, trip, ...options } = readOptions("CircuitBreaker", given, FIELDS);
  if (failureThreshold !== undefined && trip !== undefined) {
    throw new TypeError(
      'CircuitBreaker options "failureThreshold" and "trip" are both given, expected one of them',
    );
  }
  const { resetTimeoutMs, halfOpenMaxCalls } = options;
  const maxOpenMs = options.maxOpenMs ?? Math.max(HOUR_MS, resetTimeoutMs);
  if (maxOpenMs < resetTimeoutMs) {
    throw new RangeError(
      `CircuitBreaker option "maxOpenMs" is ${maxOpenMs}, expected a number from resetTimeoutMs (${resetTimeoutMs}) to ${MAX_DELAY_MS}`,
    );
  }
  const settings: Settings = {
    ...options,
    trip: trip ?? failureThreshold ?? DEFAULT_TRIP,
    maxOpenMs,
    halfOpenSuccessThreshold: options.halfOpenSuccessThreshold ?? halfOpenMaxCalls,
    halfOpenProbeTimeoutMs: options.halfOpenProbeTimeoutMs ?? resetTimeoutMs,
  };
  return { name, settings };
}

const DEFAULT_SETTINGS = checkSettings({}).settings;
