/** Retries a failed operation after growing delays. */

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

/** The argument of an operation that is retried. */
export interface RetryContext {
  /** The signal given to the retry. */
  readonly signal: AbortSignal | undefined;
  /** The number of the attempt, starting at 1. */
  readonly attempt: number;
}

/** An operation to retry. It may return a value, a promise or a thenable, and may throw. */
export type RetryOperation<T> = (context: RetryContext) => T | PromiseLike<T>;

/** A report of a failed attempt, given before the next attempt. */
export interface RetryEvent {
  /** The error of the attempt. */
  readonly error: unknown;
  /** The number of the failed attempt, starting at 1. */
  readonly attempt: number;
  /** The delay before the next attempt, in milliseconds. */
  readonly delayMs: number;
}

/** Options that decide when to retry and how long to wait. */
export interface RetryPolicyOptions {
  /** The most attempts after the first, 0 to 1,000,000. Default: 3. */
  readonly maxRetries?: number | undefined;
  /** The delay before the first retry, in milliseconds and before jitter; 0 or more. Default: 1,000. */
  readonly initialDelayMs?: number | undefined;
  /** The factor by which the delay grows with each retry, 1 to 100. Default: 2. */
  readonly backoffFactor?: number | undefined;
  /**
   * The longest delay in milliseconds, at least `initialDelayMs`. If `retryAfter` returns more, the call
   * rejects with the error at once, because a retry before that time would fail. Default: 60,000, or
   * `initialDelayMs` if that is more.
   */
  readonly maxDelayMs?: number | undefined;
  /** Whether the delay is random between 0 and the backoff. Default: true. */
  readonly jitter?: boolean | undefined;
  /**
   * Returns the wait that the upstream asked for, in milliseconds, for example in a `Retry-After` header.
   * The delay is never shorter. Default: the `retryAfterMs` of a `ResponseError`. If the function throws,
   * its result counts as undefined, with one warning per process.
   */
  readonly retryAfter?: ((error: unknown) => number | undefined) | undefined;
  /**
   * Returns whether to retry after this error. `attempt` is the number of the failed attempt, starting at
   * 1. Rejections by an open circuit and aborted calls are never retried, so the function is not called for
   * them. Default: true. If the function throws, the error is not retried, with one warning per process.
   */
  readonly shouldRetry?: ((error: unknown, attempt: number) => boolean) | undefined;
  /**
   * Called for each retry before its delay. An error in the function affects no call, and causes one
   * warning per process.
   */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
  /**
   * The budget for retries. All calls with the same budget share its tokens. Default: none for
   * `retryWithBackoff`, and a new budget for `createRetry`.
   */
  readonly budget?: RetryBudget | undefined;
  /** The source of random numbers for jitter. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** The source of time and timers. Default: the clock and timers of the process. */
  readonly clock?: Clock | undefined;
}

/** Options of one call. */
export interface RetryCallOptions {
  /** Passed to the operation. An abort ends a running delay at once, and prevents further attempts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The deadline of the call, in milliseconds from its start; above 0. No attempt begins after the
   * deadline. If the next delay would end later, the error is passed on at once. A running attempt
   * continues. To stop a running attempt too, put `withTimeout` around the retry. The retry then respects
   * the deadline of `withTimeout` as well. Default: none.
   */
  readonly deadlineMs?: number | undefined;
}

/** Options of `retryWithBackoff`. Every option has a default. */
export interface RetryOptions extends RetryPolicyOptions, RetryCallOptions {}

/** A retry policy whose calls share one budget. */
export interface Retry {
  /** The shared budget. */
  readonly budget: RetryBudget;
  /**
   * Runs `operation` and retries it; see {@link retryWithBackoff}.
   *
   * @throws The last error of the operation, unchanged. The signal's reason if the signal is aborted before
   * the first attempt or during a delay.
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

interface RetriedCall {
  readonly signal: AbortSignal | undefined;
  readonly deadlineMs: number;
}

/**
 * Runs `operation` and retries it when it fails. By default, there are up to three retries, after one, two
 * and four seconds. Jitter shortens each of these delays at random. Passes on the value, or the last error
 * unchanged.
 *
 * Retry only operations that may run twice: side effects before a failure happen again.
 *
 * @throws The last error of the operation, unchanged. The signal's reason if the signal is aborted before
 * the first attempt or during a delay. TypeError or RangeError at once for invalid options.
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
 * Creates a retry policy whose calls share a budget. The default budget has 10 tokens: a retry takes 1, and
 * a success refunds 0.1. Create one policy for each upstream and keep it.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
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

/** Fills in the longest delay and checks that the first delay does not exceed it. */
function withCap<P extends { initialDelayMs: number; maxDelayMs: number | undefined }>(
  owner: string,
  policy: P,
): P & { maxDelayMs: number } {
  const { initialDelayMs } = policy;
  const maxDelayMs = policy.maxDelayMs ?? Math.max(DEFAULT_MAX_DELAY_MS, initialDelayMs);
  if (maxDelayMs < initialDelayMs) {
    throw new RangeError(
      `${owner} option "maxDelayMs" is ${maxDelayMs}, expected a number from initialDelayMs (${initialDelayMs}) to ${MAX_DELAY_MS}`,
    );
  }
  return { ...policy, maxDelayMs };
}

async function run<T>(operation: RetryOperation<T>, policy: Policy, call: RetriedCall): Promise<T> {
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

/** Returns the delay before the next attempt, or undefined if there is no next attempt. */
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
  // Ask the budget last. A retry that is ruled out for another reason must take no tokens.
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
  throw new TypeError(`the answer is ${show(answer)}, expected a number of milliseconds from 0`);
}
