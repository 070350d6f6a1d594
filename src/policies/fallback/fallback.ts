/** Returns a substitute when an operation fails. */

import type { Operation } from "../../breaker/calls/calls.js";
import type { AbortSignal } from "../../options/abort-signal.js";
import { checkFunction, functionField, readOptions, signalField } from "../../options/check.js";
import { ask, readYesOrNo } from "../ask.js";
import { isLastGood, type LastGood } from "./last-good.js";
import { isLastGoodRefusedError, runUnderLastGood } from "./last-good-scope.js";

/** Options of `withFallback`. */
export interface FallbackOptions {
  /** Passed to the operation. If the signal is already aborted, the operation is not called. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Returns whether the fallback answers for this error. Its result also applies after `signal` is aborted.
   * Default: true; false after `signal` is aborted, because the caller no longer waits. If the function
   * throws, the operation's error is passed on, with one warning per process.
   */
  readonly shouldFallback?: ((error: unknown) => boolean) | undefined;
}

/** Options of `createFallback`. */
export type FallbackPolicyOptions = Omit<FallbackOptions, "signal">;

/**
 * Marks the type of a fallback's answers for `wrap`. The mark exists only for the compiler: no object has
 * this property at run time.
 */
export declare const ANSWER: unique symbol;

/** A policy that returns a substitute when a call fails. Use it alone or in `wrap`. */
export interface Fallback<F> {
  /**
   * Runs `operation`; see {@link withFallback}.
   *
   * @throws The unchanged error of the operation, if the fallback does not answer for it.
   */
  execute<T>(
    operation: Operation<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T | F>;
  /** Carries the type of the answers for the compiler. Never set at run time. */
  readonly [ANSWER]?: F;
}

const POLICY_FIELDS = { shouldFallback: functionField<(error: unknown) => boolean>() };
const CALL_FIELDS = { signal: signalField };
const FIELDS = { ...POLICY_FIELDS, ...CALL_FIELDS };

/**
 * Runs `operation`. If the operation fails, returns the answer of `fallback`: a value, the result of a
 * function of the error, or the last good value from `lastGood`. If the answer itself is a function, pass a
 * function that returns it.
 *
 * @throws The unchanged error of the operation, if the fallback does not answer for it or `lastGood` has no
 * value. LastGoodRefusedError if `fallback` is from `lastGood`, and the operation publishes, exports, or
 * returns an id or object of a Dagger session. The error of a fallback function, unchanged. TypeError at
 * once for invalid options.
 *
 * @example
 * ```ts
 * import {
 *   CircuitBreaker,
 *   isCircuitBreakerOpenError,
 *   withFallback,
 * } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api" });
 * breaker.isolate("maintenance");
 * const answer = await withFallback(() => breaker.execute(async () => "fresh"), "cached", {
 *   shouldFallback: isCircuitBreakerOpenError,
 * });
 * console.assert(answer === "cached");
 * ```
 */
export function withFallback<T>(
  operation: Operation<T>,
  fallback: LastGood<T>,
  options?: FallbackOptions,
): Promise<T>;
export function withFallback<T, F>(
  operation: Operation<T>,
  fallback: (error: unknown) => F | PromiseLike<F>,
  options?: FallbackOptions,
): Promise<T | F>;
export function withFallback<T, F>(
  operation: Operation<T>,
  fallback: F,
  options?: FallbackOptions,
): Promise<T | F>;
export function withFallback(
  operation: Operation<unknown>,
  fallback: unknown,
  options?: FallbackOptions,
): Promise<unknown> {
  checkFunction(operation, "operation");
  return run(operation, fallback, readOptions("withFallback", options, FIELDS));
}

/**
 * Creates a fallback policy for many calls. The fallback is a value, a function of the error, or a memory
 * from `lastGood`. A memory holds one value, so use a policy with a memory only for calls of one operation.
 *
 * @throws TypeError that names the option, its value and the expected value.
 *
 * @example
 * ```ts
 * import { createFallback } from "dagger-circuit-breaker";
 *
 * const cached = createFallback(() => "cached");
 * const answer = await cached.execute(async (): Promise<string> => {
 *   throw new Error("down");
 * });
 * console.assert(answer === "cached");
 * ```
 */
export function createFallback<F>(
  fallback: LastGood<F>,
  options?: FallbackPolicyOptions,
): Fallback<F>;
export function createFallback<F>(
  fallback: (error: unknown) => F | PromiseLike<F>,
  options?: FallbackPolicyOptions,
): Fallback<F>;
export function createFallback<F>(fallback: F, options?: FallbackPolicyOptions): Fallback<F>;
export function createFallback(
  fallback: unknown,
  options?: FallbackPolicyOptions,
): Fallback<unknown> {
  const policy = readOptions("createFallback", options, POLICY_FIELDS);
  return {
    execute<T>(operation: Operation<T>, callOptions?: unknown) {
      checkFunction(operation, "operation");
      const { signal } = readOptions("execute", callOptions, CALL_FIELDS);
      return run(operation, fallback, { ...policy, signal });
    },
  };
}

async function run(
  operation: Operation<unknown>,
  fallback: unknown,
  settings: FallbackOptions,
): Promise<unknown> {
  const { signal } = settings;
  let value: unknown;
  try {
    signal?.throwIfAborted();
    const run = () => operation({ signal });
    value = isLastGood(fallback) ? await runUnderLastGood(run) : await run();
  } catch (error) {
    if (isLastGoodRefusedError(error) || !isWanted(error, settings)) throw error;
    return substitute(error, fallback);
  }
  if (isLastGood(fallback)) fallback.remember(value);
  return value;
}

function isWanted(error: unknown, { signal, shouldFallback }: FallbackOptions): boolean {
  if (shouldFallback === undefined) return !signal?.aborted;
  const question = () => shouldFallback(error);
  return ask("withFallback", "shouldFallback", question, readYesOrNo) ?? false;
}

/**
 * Returns the answer of the fallback, or a promise of that answer. Throws `error` if a memory has no value.
 */
function substitute(error: unknown, fallback: unknown): unknown {
  if (isLastGood(fallback)) {
    const kept = fallback.recall();
    if (kept === undefined) throw error;
    return kept.value;
  }
  return typeof fallback === "function" ? fallback(error) : fallback;
}
