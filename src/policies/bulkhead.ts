/** Bounds how many operations run at once, and how many wait for their turn. */

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

/** What a bulkhead can be told. */
export interface BulkheadOptions {
  /** Operations that may run at once, 1 to 1,000,000. */
  readonly maxConcurrent: number;
  /** Operations that may wait for their turn, 0 to 1,000,000. Default: 0. */
  readonly maxQueued?: number | undefined;
  /** The name in errors: 1 to 200 characters. Default: `"default"`. */
  readonly name?: string | undefined;
}

/** What one call of a bulkhead can be told. */
export interface BulkheadCallOptions {
  /** Handed to the operation. A call that waits leaves the queue at once when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Lets a bounded number of operations run at once. */
export interface Bulkhead {
  /** The name given in the options. */
  readonly name: string;
  /** Operations that run now. */
  readonly activeCount: number;
  /** Operations that wait for their turn. */
  readonly queuedCount: number;
  /**
   * Runs `operation` now if there is room, else in its turn, first come, first served. Passes on its
   * value or its error untouched.
   *
   * @throws BulkheadFullError (as a rejection) when the queue is full too; the signal's reason when
   * it is aborted before the operation begins. A TypeError for wrong options is thrown at once.
   */
  execute<T>(operation: Operation<T>, options?: BulkheadCallOptions): Promise<T>;
}

const CODE = "BULKHEAD_FULL";

/**
 * A bulkhead has no room, neither to run a call nor to let it wait. `code` is `"BULKHEAD_FULL"`. It
 * says nothing of an upstream, so a breaker around the bulkhead counts it as ignored, unless its
 * `classifyError` says otherwise.
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

/** Whether `error` is a {@link BulkheadFullError} of this or of another copy of the package. */
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
 * Makes a bulkhead. Put it inside the breaker to bound what reaches the upstream, or outside of it
 * to bound callers; a breaker counts its rejections as ignored, so they never open a circuit.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
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
  /** How to tell those that wait that it is their turn, in the order in which they came. */
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
      // It may have been aborted between its turn and the moment when it heard of that.
      signal?.throwIfAborted();
      return await operation({ signal });
    } finally {
      this.#leave();
    }
  }

  /** Waits until another call hands over its room. */
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

  /** Hands the room of a call over to the next in the queue: a newcomer cannot take it away. */
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
