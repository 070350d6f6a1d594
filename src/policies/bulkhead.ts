/** Limits how many operations run at once, and how many wait. */

import type { Operation } from "../breaker/calls/calls.js";
import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import type { AbortSignal } from "../options/abort-signal.js";
import {
  checkFunction,
  checkNumber,
  checkText,
  type Field,
  type NumberRange,
  numberField,
  readOptions,
  SOME_CALLS,
  signalField,
} from "../options/check.js";
import { onAbort } from "./abort.js";

/** Options of `bulkhead`. */
export interface BulkheadOptions {
  /** The most operations that run at once, 1 to 1,000,000. */
  readonly maxConcurrent: number;
  /** The most operations that wait for a free place, 0 to 1,000,000. Default: 0. */
  readonly maxQueued?: number | undefined;
  /** The name of the bulkhead in errors, 1 to 200 characters. Default: `"default"`. */
  readonly name?: string | undefined;
}

/** Options of one call. */
export interface BulkheadCallOptions {
  /** Passed to the operation. If the signal is aborted, a waiting call leaves the queue. */
  readonly signal?: AbortSignal | undefined;
}

/** Limits how many operations run at once. */
export interface Bulkhead {
  readonly name: string;
  /** The number of running operations. */
  readonly activeCount: number;
  /** The number of waiting operations. */
  readonly queuedCount: number;
  /**
   * Runs `operation` at once if a place is free. Otherwise the operation waits in a queue, in order of
   * arrival. Passes on its value or error unchanged.
   *
   * @throws BulkheadFullError (as a rejection) if the queue is full. The signal's reason (as a rejection)
   * if the signal is aborted before the operation begins. TypeError at once for invalid options.
   */
  execute<T>(operation: Operation<T>, options?: BulkheadCallOptions): Promise<T>;
}

const CODE = "BULKHEAD_FULL";

/**
 * The error of a call that a full bulkhead rejects. `code` is `"BULKHEAD_FULL"`. A breaker around the
 * bulkhead counts this error as ignored, unless the breaker's `classifyError` decides otherwise.
 */
export class BulkheadFullError extends CircuitBreakerError {
  readonly bulkheadName: string;
  readonly maxConcurrent: number;
  readonly maxQueued: number;

  constructor(bulkheadName: string, maxConcurrent: number, maxQueued: number) {
    const message = `bulkhead full: ${bulkheadName}, ${maxConcurrent} running and ${maxQueued} waiting`;
    super(message, CODE, { refused: true });
    this.bulkheadName = bulkheadName;
    this.maxConcurrent = maxConcurrent;
    this.maxQueued = maxQueued;
  }

  static {
    nameErrorClass(BulkheadFullError, "BulkheadFullError");
  }
}

/** Returns whether `error` is a {@link BulkheadFullError} of this or another copy of the package. */
export function isBulkheadFullError(error: unknown): error is BulkheadFullError {
  return isCircuitBreakerError(error) && error.code === CODE;
}

const CALLS: NumberRange = { ...SOME_CALLS, min: 0 };

const nameField: Field<string> = {
  absent: "default",
  read: (value, label) => checkText(value, label, 200),
};

const FIELDS = {
  maxConcurrent: numberField(undefined, SOME_CALLS),
  maxQueued: numberField(0, CALLS),
  name: nameField,
};

/**
 * Creates a bulkhead. Inside a breaker, a bulkhead limits the load on the upstream. Outside a breaker, it
 * limits the callers. A breaker counts the rejections of a bulkhead as ignored, so they never open a
 * circuit.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
 *
 * @example
 * ```ts
 * import { bulkhead, CircuitBreaker } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api" });
 * const builds = bulkhead({ name: "builds", maxConcurrent: 2, maxQueued: 10 });
 * const answer = await breaker.execute(() => builds.execute(async () => "built"));
 * console.assert(answer === "built");
 * ```
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  const {
    maxConcurrent = checkNumber(undefined, 'bulkhead option "maxConcurrent"', SOME_CALLS),
    maxQueued,
    name,
  } = readOptions("bulkhead", options, FIELDS);
  return new FairBulkhead(name, maxConcurrent, maxQueued);
}

class FairBulkhead implements Bulkhead {
  readonly name: string;
  readonly #maxConcurrent: number;
  readonly #maxQueued: number;
  /** For each waiting call, a function that starts it. The functions are in order of arrival. */
  readonly #queue = new Set<() => void>();
  #active = 0;

  constructor(name: string, maxConcurrent: number, maxQueued: number) {
    this.name = name;
    this.#maxConcurrent = maxConcurrent;
    this.#maxQueued = maxQueued;
  }

  get activeCount(): number {
    return this.#active;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  execute<T>(operation: Operation<T>, options?: BulkheadCallOptions): Promise<T> {
    checkFunction(operation, "operation");
    const { signal } = readOptions("execute", options, { signal: signalField });
    return this.#run(operation, signal);
  }

  async #run<T>(operation: Operation<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    if (this.#active < this.#maxConcurrent) this.#active += 1;
    else if (this.#queue.size < this.#maxQueued) await this.#turn(signal);
    else throw new BulkheadFullError(this.name, this.#maxConcurrent, this.#maxQueued);
    try {
      // Check again, because the signal may have been aborted after the call left the queue.
      signal?.throwIfAborted();
      return await operation({ signal });
    } finally {
      this.#leave();
    }
  }

  /** Waits until another call hands over its place. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        forget();
        resolve();
      };
      const forget = onAbort(signal, (reason) => {
        this.#queue.delete(begin);
        reject(reason);
      });
      this.#queue.add(begin);
    });
  }

  /**
   * Hands the place of an ended call to the next call in the queue. Otherwise, the place would become free,
   * and a call that has just arrived could take it first.
   */
  #leave(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#active -= 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
