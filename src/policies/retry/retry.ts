/** Tries an operation again when it fails, later each time. */

import { isDuration } from "../../breaker/calls/permit.js";
import { type Clock, type Random, systemClock } from "../../breaker/clock.js";
import { isCircuitBreakerOpenError, statedDelayMs } from "../../breaker/errors.js";
import type { AbortSignal } from "../../options/abort-signal.js";
import {
  booleanField,
  checkFunction,
  type Field,
  functionField,
  MAX_DELAY_MS,
  MILLISECONDS,
  numberField,
  objectField,
  readOptions,
  SOME_MILLISECONDS,
  show,
  signalField,
} from "../../options/check.js";
import { ask, readYesOrNo } from "../ask.js";
import { deadlineOf } from "../deadline.js";
import { delay } from "../delay.js";
import { backoffMs } from "./backoff.js";
import { RetryBudget } from "./retry-budget.js";

/** What an operation that is retried is given. */
export interface RetryContext {
  /** The signal that was given to the retry. */
  readonly signal: AbortSignal | undefined;
  /** The number of the attempt, starting at 1. */
  readonly attempt: number;
}

/** What can be retried: may return a value, a promise or a thenable, and may throw. */
export type RetryOperation<T> = (context: RetryContext) => T | PromiseLike<T>;

/** An attempt has failed and another will follow. */
export interface RetryEvent {
  /** What the attempt failed with. */
  readonly error: unknown;
  /** The attempt that failed, counted from 1. */
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** When to retry and how long to wait before. */
export interface RetryPolicyOptions {
  /** Attempts after the first, 0 to 1,000,000. Default: 3. */
  readonly maxRetries?: number | undefined;
  /** Milliseconds before the first retry, before jitter; 0 or more. Default: 1,000. */
  readonly initialDelayMs?: number | undefined;
  /** By what the delay is multiplied from one retry to the next, 1 to 100. Default: 2. */
  readonly backoffFactor?: number | undefined;
  /**
   * The longest delay in milliseconds, at least `initialDelayMs`. An error whose `retryAfter` asks
   * for more is passed on at once: coming earlier would be of no use, and nobody waits for hours.
   * Default: 60,000, or `initialDelayMs` when that is more.
   */
  readonly maxDelayMs?: number | undefined;
  /** Whether the delay is picked at random between 0 and the backoff. Default: true. */
  readonly jitter?: boolean | undefined;
  /**
   * Tells for how many milliseconds the upstream asked to be left alone, as by a `Retry-After`
   * header; the delay is never shorter. Default: the `retryAfterMs` of a `ResponseError`. One that throws is announced once
   * as a warning of the process, and its answer is undefined.
   */
  readonly retryAfter?: ((error: unknown) => number | undefined) | undefined;
  /**
   * Whether to try again after this error of the so many-th attempt. It is not asked about the
   * rejection of a breaker, nor once the signal is aborted: these are never retried. Default: every
   * other error is. One that throws is announced once as a warning of the process, and the error is
   * not retried.
   */
  readonly shouldRetry?: ((error: unknown, attempt: number) => boolean) | undefined;
  /**
   * Hears of each retry before its delay. What it throws or rejects with harms nobody and is
   * announced once as a warning of the process.
   */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
  /** Bounds the retries of all calls that share it. `retryWithBackoff` has none by default. */
  readonly budget?: RetryBudget | undefined;
  /** Where chance comes from, for jitter. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** Where time comes from, and timers. Default: the clock and the timers of the process. */
  readonly clock?: Clock | undefined;
}

/** What one call can be told. */
export interface RetryCallOptions {
  /** Handed to the operation. Its abort ends the retrying, a running delay at once. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds from now; above 0. No attempt begins after them: when the next delay would not end
   * before, the error is passed on at once. A running attempt goes on; `withTimeout` ends those, and
   * the signal that it hands out brings this deadline along. Default: none.
   */
  readonly deadlineMs?: number | undefined;
}

/** What `retryWithBackoff` can be told. Every option has a default. */
export interface RetryOptions extends RetryPolicyOptions, RetryCallOptions {}

/** Retries calls that share one budget. */
export interface Retry {
  /** The budget of these calls. */
  readonly budget: RetryBudget;
  /**
   * Runs `operation`, again when it fails; see {@link retryWithBackoff}.
   *
   * @throws The last error of the operation, untouched; the signal's reason when it is aborted
   * before the first attempt or in a delay.
   */
  execute<T>(operation: RetryOperation<T>, options?: RetryCallOptions): Promise<T>;
}

const POLICY_FIELDS = {
  maxRetries: numberField(3, { min: 0, max: 1_000_000, whole: true }),
  initialDelayMs: numberField(1000, MILLISECONDS),
  backoffFactor: numberField(2, { min: 1, max: 100 }),
  maxDelayMs: numberField(undefined, MILLISECONDS),
  jitter: booleanField(true),
  retryAfter: functionField<(error: unknown) => number | undefined>(),
  shouldRetry: functionField<(error: unknown, attempt: number) => boolean>(),
  onRetry: functionField<(event: RetryEvent) => unknown>(),
  budget: {
    absent: undefined,
    read: objectField<RetryBudget>(new RetryBudget(), ["tryTake", "refund"]).read,
  } as Field<RetryBudget | undefined>,
  random: { absent: Math.random, read: functionField<Random>().read } as Field<Random>,
  clock: objectField<Clock>(systemClock, ["now"]),
};

const CALL_FIELDS = {
  signal: signalField,
  deadlineMs: numberField(Number.POSITIVE_INFINITY, SOME_MILLISECONDS),
};

const DEFAULT_MAX_DELAY_MS = 60_000;

type Policy = ReturnType<typeof readPolicy>;

interface Call {
  readonly signal: AbortSignal | undefined;
  readonly deadlineMs: number;
}

/**
 * Runs `operation`, and runs it again when it fails: by default up to three times, one second after
 * the first failure, two after the second, four after the third, each shortened at random. Passes on
 * the value, or the last error untouched.
 *
 * What an operation has done before it failed is done again: retry only what may happen twice.
 *
 * @throws The last error of the operation, untouched; the signal's reason when it is aborted before
 * the first attempt or in a delay. A TypeError or RangeError for wrong options is thrown at once.
 *
 * @example
 * ```ts
 * import { retryWithBackoff } from "dagger-circuit-breaker";
 *
 * const answer = await retryWithBackoff(
 *   async ({ attempt }) => {
 *     if (attempt === 1) throw new Error("not yet");
 *     return `came with attempt ${attempt}`;
 *   },
 *   { maxRetries: 2, initialDelayMs: 10 },
 * );
 * console.assert(answer === "came with attempt 2");
 * ```
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryWithBackoff<T>(
  operation: RetryOperation<T>,
  options?: RetryOptions,
): Promise<T> {
  checkFunction(operation, "operation");
  const fields = { ...POLICY_FIELDS, ...CALL_FIELDS };
  const { signal, deadlineMs, ...policy } = readOptions("retryWithBackoff", options, fields);
  return run(operation, withCap("retryWithBackoff", policy), { signal, deadlineMs });
}

/**
 * Makes a retry whose calls share a budget, by default of 10 tokens: a retry costs 1, a success
 * gives back 0.1. Make one for each upstream and keep it.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
 *
 * @example
 * ```ts
 * import { createRetry } from "dagger-circuit-breaker";
 *
 * const retry = createRetry({ maxRetries: 2, shouldRetry: (error) => error instanceof Error });
 * const answer = await retry.execute(async () => "hello");
 * console.assert(answer === "hello");
 * console.assert(retry.budget.tokens === 10);
 * ```
 */
export function createRetry(options?: RetryPolicyOptions): Retry {
  const given = readPolicy("createRetry", options);
  const { budget = new RetryBudget() } = given;
  const policy = { ...given, budget };
  return {
    budget,
    execute(operation, callOptions) {
      checkFunction(operation, "operation");
      return run(operation, policy, readOptions("execute", callOptions, CALL_FIELDS));
    },
  };
}

function readPolicy(owner: string, given: unknown) {
  return withCap(owner, readOptions(owner, given, POLICY_FIELDS));
}

/** Fills in the longest delay, which the first one must not exceed. */
function withCap<P extends { initialDelayMs: number; maxDelayMs: number | undefined }>(
  owner: string,
  policy: P,
): P & { maxDelayMs: number } {
  const { initialDelayMs } = policy;
  const maxDelayMs = policy.maxDelayMs ?? Math.max(DEFAULT_MAX_DELAY_MS, initialDelayMs);
  if (maxDelayMs < initialDelayMs) {
    throw new RangeError(
      `${owner} option "maxDelayMs" is ${maxDelayMs}, expected from initialDelayMs (${initialDelayMs}) to ${MAX_DELAY_MS}`,
    );
  }
  return { ...policy, maxDelayMs };
}

async function run<T>(operation: RetryOperation<T>, policy: Policy, call: Call): Promise<T> {
  const { signal } = call;
  const { clock } = policy;
  const endsMs = Math.min(clock.now() + call.deadlineMs, deadlineOf(signal, clock));
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    let value: T;
    try {
      value = await operation({ signal, attempt });
    } catch (error) {
      const delayMs = signal?.aborted ? undefined : nextDelay(error, attempt, policy, endsMs);
      if (delayMs === undefined) throw error;
      announceRetry({ error, attempt, delayMs }, policy);
      await delay(delayMs, signal, clock);
      continue;
    }
    policy.budget?.refund();
    return value;
  }
}

/** How long to wait before the next attempt; undefined when there is to be none. */
function nextDelay(
  error: unknown,
  attempt: number,
  policy: Policy,
  endsMs: number,
): number | undefined {
  if (attempt > policy.maxRetries || isCircuitBreakerOpenError(error)) return undefined;
  if (!isWanted(error, attempt, policy)) return undefined;
  const retryAfterMs = askedDelay(error, policy);
  if (retryAfterMs > policy.maxDelayMs) return undefined;
  const delayMs = Math.max(backoffMs(attempt, policy, policy.random), retryAfterMs);
  if (policy.clock.now() + delayMs >= endsMs) return undefined;
  // The budget comes last: a retry that is not made for another reason must not cost anything.
  if (policy.budget?.tryTake() === false) return undefined;
  return delayMs;
}

function isWanted(error: unknown, attempt: number, { shouldRetry }: Policy): boolean {
  if (shouldRetry === undefined) return true;
  const question = () => shouldRetry(error, attempt);
  return ask("a retry", "shouldRetry", question, readYesOrNo) ?? false;
}

function askedDelay(error: unknown, { retryAfter }: Policy): number {
  if (retryAfter === undefined) return statedDelayMs(error) ?? 0;
  return ask("a retry", "retryAfter", () => retryAfter(error), readDelay) ?? 0;
}

function announceRetry(event: RetryEvent, { onRetry }: Policy): void {
  if (onRetry === undefined) return;
  ask(
    "a retry",
    "onRetry",
    () => onRetry(event),
    () => undefined,
  );
}

function readDelay(answer: unknown): number | undefined {
  if (isDuration(answer)) return answer;
  throw new TypeError(`the answer is ${show(answer)}, expected milliseconds, 0 or more`);
}
