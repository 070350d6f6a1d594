/** Puts policies around a call, as a list instead of nested calls. */

import type { Operation, OperationContext } from "../breaker/calls/calls.js";
import type { AbortSignal } from "../options/abort-signal.js";
import { checkFunction, objectField, readOptions, signalField } from "../options/check.js";
import type { ANSWER, Fallback } from "./fallback/fallback.js";

/** Options of one call through a policy. */
export interface PolicyCallOptions {
  /** Passed to the operation. Each policy decides what an abort ends. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An argument of `wrap`: a breaker, a shared breaker, a bulkhead, a result of `createRetry`,
 * `createTimeout`, `createFallback` or `createWait`, or an object of your own with this method.
 */
export interface Policy {
  /** Runs `operation` any number of times, or never, and passes on the result. */
  execute<T>(
    operation: (context: OperationContext) => T | PromiseLike<T>,
    options?: PolicyCallOptions,
  ): Promise<unknown>;
}

/** The argument of the operation of a wrapped call. */
export interface WrapContext {
  /** The innermost signal: of a timeout, of the caller, or one that is never aborted. */
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
   * Runs `operation` through the policies, the first one outermost.
   *
   * @throws The errors of the policies, and those of the operation unchanged.
   */
  execute<T>(operation: WrapOperation<T>, options?: PolicyCallOptions): Promise<T | F>;
}

/** The type of a policy's own answers: those of a fallback, otherwise never. */
type AnswerOf<P> = P extends unknown
  ? typeof ANSWER extends keyof P
    ? P extends Fallback<infer F>
      ? F
      : never
    : never
  : never;

const policyField = objectField<Policy>({} as Policy, ["execute"]);

/**
 * Puts policies around a call, the first one outermost. A good order: fallback, timeout of the
 * whole call, retry, breaker, timeout of one attempt, bulkhead.
 *
 * @throws TypeError when there is no policy, or one has no method `execute`.
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

/**
 * The context on its way from the outermost policy to the operation. Each policy adds its own part.
 */
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
