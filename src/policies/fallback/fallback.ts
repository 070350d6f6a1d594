/** Answers with something else when an operation fails. */

import type { Operation } from "../../breaker/calls/calls.js";
import type { AbortSignal } from "../../options/abort-signal.js";
import { checkFunction, functionField, readOptions, signalField } from "../../options/check.js";
import { ask, readYesOrNo } from "../ask.js";
import { isLastGood, type LastGood } from "./last-good.js";
import { isLastGoodRefusedError, runUnderLastGood } from "./last-good-scope.js";

/** What `withFallback` can be told. */
export interface FallbackOptions {
  /** Handed to the operation. When it is aborted already, the operation is not called. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the fallback stands in for this error; its answer is all that counts. Default: for every
   * error, unless `signal` is aborted, because then nobody waits for an answer. One that throws is
   * announced once as a warning of the process, and the error is passed on.
   */
  readonly shouldFallback?: ((error: unknown) => boolean) | undefined;
}

/** What `createFallback` can be told. */
export type FallbackPolicyOptions = Omit<FallbackOptions, "signal">;

/** Marks the type of what a fallback may answer, for `wrap`; nothing has such a property. */
export declare const ANSWER: unique symbol;

/** Answers with something else when a call fails; one of the policies that `wrap` puts together. */
export interface Fallback<F> {
  /**
   * Runs `operation`; see {@link withFallback}.
   *
   * @throws The error of the operation, untouched, when the fallback does not stand in for it.
   */
  execute<T>(
    operation: Operation<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T | F>;
  /** The type of its answers. */
  readonly [ANSWER]?: F;
}

const POLICY_FIELDS = { shouldFallback: functionField<(error: unknown) => boolean>() };
const CALL_FIELDS = { signal: signalField };
const FIELDS = { ...POLICY_FIELDS, ...CALL_FIELDS };

/**
 * Runs `operation` and, when it fails, answers with `fallback`: a value, what a function of the
 * error returns, or the last good value, from a memory that `lastGood` made. A value that is itself
 * a function must be returned by one.
 *
 * @throws The error of the operation, untouched, when the fallback does not stand in for it or a
 * `lastGood` remembers nothing; LastGoodRefusedError where a `lastGood` can stand in for nothing: an
 * operation that publishes or exports through a guarded client of Dagger, before it does, or one
 * whose value is an id or an object of a Dagger session; what a fallback function throws, untouched: it is given the error
 * and may make it the `cause` of its own. A TypeError for wrong options is thrown at once.
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
 * Makes a fallback for calls: a value, a function of the error, or a memory that `lastGood` made.
 * A memory belongs to one operation: use it for calls that ask for the same thing.
 *
 * @throws TypeError naming the option, its value and what was expected.
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

/** What the fallback comes to, or a promise of it. */
function substitute(error: unknown, fallback: unknown): unknown {
  if (isLastGood(fallback)) {
    const kept = fallback.recall();
    if (kept === undefined) throw error;
    return kept.value;
  }
  return typeof fallback === "function" ? fallback(error) : fallback;
}
