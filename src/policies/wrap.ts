/** Puts a list of policies around a call, so that callers need not nest one policy in another. */

import type { Operation, OperationContext } from "../breaker/calls/calls.js";
import type { AbortSignal } from "../options/abort-signal.js";
import { checkFunction, objectField, readOptions, signalField } from "../options/check.js";
import type { ANSWER, Fallback } from "./fallback/fallback.js";

/** Options of one call through a policy. */
export interface PolicyCallOptions {
  /** Passed to the operation. The effect of an abort depends on each policy. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An argument of `wrap`: a breaker, a shared breaker, a bulkhead, a result of `createRetry`,
 * `createTimeout`, `createFallback` or `createWait`, or an object of your own with this method.
 */
export interface Policy {
  /** Runs `operation` any number of times, including zero, and passes on the result. */
  execute<T>(
    operation: (context: OperationContext) => T | PromiseLike<T>,
    options?: PolicyCallOptions,
  ): Promise<unknown>;
}

/** The argument of the operation of a wrapped call. */
export interface WrapContext {
  /**
   * The signal of the innermost timeout. Without a timeout, the caller's signal. Without both, a signal
   * that is never aborted.
   */
  readonly signal: AbortSignal;
  /** The number of the attempt, starting at 1; always 1 without a retry. */
  readonly attempt: number;
}

/**
 * An operation called through policies. It may return a value, a promise or a thenable, and may
 * throw.
 */
export type WrapOperation<T> = (context: WrapContext) => T | PromiseLike<T>;

/** Policies around a call. `F` is the type of the fallbacks' answers. */
export interface Wrapped<F = never> {
  /**
   * Runs `operation` through the policies. The first policy is the outermost.
   *
   * @throws The errors of the policies, and the unchanged errors of the operation.
   */
  execute<T>(operation: WrapOperation<T>, options?: PolicyCallOptions): Promise<T | F>;
}

/**
 * The type of the answers that a policy adds: the answers of a fallback, or `never` for any other policy.
 */
type AnswerOf<P> = P extends unknown
  ? typeof ANSWER extends keyof P
    ? P extends Fallback<infer F>
      ? F
      : never
    : never
  : never;

const policyField = objectField<Policy>({} as Policy, ["execute"]);

/**
 * Puts policies around a call. The first policy is the outermost. A good order is: fallback, timeout of the
 * whole call, retry, breaker, timeout of one attempt, bulkhead.
 *
 * @throws TypeError if there is no policy, or if a policy has no method `execute`.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, createRetry, createTimeout, wrap } from "dagger-circuit-breaker";
 *
 * const policy = wrap(
 *   createRetry({ maxRetries: 2 }),
 *   new CircuitBreaker({ name: "api", resetTimeoutMs: 30_000 }),
 *   createTimeout({ timeoutMs: 2_000 }),
 * );
 * const answer = await policy.execute(async ({ attempt }) => `hello after ${attempt} attempt`);
 * console.assert(answer === "hello after 1 attempt");
 * ```
 */
export function wrap<const P extends readonly Policy[]>(
  ...policies: P
): Wrapped<AnswerOf<P[number]>> {
  if (policies.length === 0) throw new TypeError("wrap has no policy, expected at least one");
  for (const [index, policy] of policies.entries()) {
    policyField.read(policy, `policy ${index + 1} of wrap`);
  }
  return {
    execute<T>(operation: WrapOperation<T>, options?: PolicyCallOptions) {
      checkFunction(operation, "operation");
      const { signal } = readOptions("execute", options, { signal: signalField });
      return run(policies, operation, signal) as Promise<T | AnswerOf<P[number]>>;
    },
  };
}

/** The context that passes from the outermost policy to the operation. Each policy adds its own part. */
interface Known extends OperationContext {
  readonly attempt?: number;
}

function run(
  policies: readonly Policy[],
  operation: WrapOperation<unknown>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const enter = (index: number, known: Known): unknown => {
    const policy = policies[index];
    if (policy === undefined) return operation(contextOf(known));
    const inner: Operation<unknown> = (context) => enter(index + 1, { ...known, ...context });
    return policy.execute(inner, { signal: known.signal });
  };
  return enter(0, { signal }) as Promise<unknown>;
}

function contextOf({ signal = new AbortController().signal, attempt = 1 }: Known): WrapContext {
  return { signal, attempt };
}
