/** Runs admitted operations and reports their outcomes to the machine. */

import type { AbortSignal } from "../../options/abort-signal.js";
import { askUser } from "../announce.js";
import { CircuitState } from "../circuit-state.js";
import { isCircuitBreakerError, statedDelayMs } from "../errors.js";
import type { Machine } from "../machine.js";
import type { Outcome } from "../options.js";
import { outcomeOfAbort } from "./caller-abort.js";
import { isDuration, type Permit, type Settlement, SUCCESS } from "./permit.js";

/** The argument that every operation receives. */
export interface OperationContext {
  /** The signal given to `execute`. Undefined without a signal. */
  readonly signal: AbortSignal | undefined;
}

/**
 * The operation that a breaker protects. It may return a value, a promise or a thenable, and may
 * throw.
 */
export type Operation<T> = (context: OperationContext) => T | PromiseLike<T>;

/** The shared context of operations that run without a signal. */
export const NO_SIGNAL: OperationContext = Object.freeze({ signal: undefined });

/**
 * Runs an operation that holds a permit. The returned promise settles with the operation's own
 * value or error.
 */
export function runWithPermit<T>(
  machine: Machine,
  permit: Permit,
  operation: Operation<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  return runAndTell(machine, operation, signal, (settlement) => machine.settle(permit, settlement));
}

/** Runs an operation and reports its outcome before the caller sees the result. */
export function runAndTell<T>(
  machine: Machine,
  operation: Operation<T>,
  signal: AbortSignal | undefined,
  settle: (settlement: Settlement) => void,
): Promise<T> {
  let result: T | PromiseLike<T>;
  try {
    result = operation(signal === undefined ? NO_SIGNAL : { signal });
  } catch (error) {
    settle(settlementOfError(machine, error, signal));
    return Promise.reject(error);
  }
  return Promise.resolve(result).then(
    (value) => {
      settle(settlementOfValue(machine, value));
      return value;
    },
    (error) => {
      settle(settlementOfError(machine, error, signal));
      throw error;
    },
  );
}

/**
 * The fast path through a closed circuit, which creates no permit. Calls that are not timed share
 * promise callbacks. These callbacks are created once for each generation.
 */
export class FastLane {
  readonly generation: number;
  readonly #machine: Machine;
  /** Whether the options need the duration of each call. */
  readonly #timesCalls: boolean;
  /** Whether the option `classifyResult` is set, so that values must be classified. */
  readonly #judgesValues: boolean;
  /**
   * Whether the last call failed. If so, `run` records a failure in a separate callback, because
   * that is cheaper.
   */
  #failing = false;

  /**
   * Returns a lane for the current generation if the circuit is closed, is not controlled by hand,
   * and has a trip policy that never opens it at an admission. Otherwise returns undefined.
   */
  static through(machine: Machine): FastLane | undefined {
    const { state, control } = machine;
    const fits =
      control === "automatic" &&
      state.kind === CircuitState.Closed &&
      !state.policy.judgesAtAdmission;
    return fits ? new FastLane(machine) : undefined;
  }

  constructor(machine: Machine) {
    this.#machine = machine;
    this.generation = machine.generation;
    const { trip, classifyResult } = machine.settings;
    this.#timesCalls = trip.slowCallMs !== undefined;
    this.#judgesValues = classifyResult !== undefined;
  }

  /** Runs an operation. The caller must ensure that this lane belongs to the current generation. */
  run<T>(operation: Operation<T>, signal: AbortSignal | undefined): Promise<T> {
    const machine = this.#machine;
    machine.inFlight += 1;
    if (this.#judgesValues || machine.emitter?.hearsOutcomes) {
      return this.#runWatched(operation, signal);
    }
    if (this.#timesCalls) return this.#runTimed(operation, signal);
    let result: T | PromiseLike<T>;
    try {
      result = operation(signal === undefined ? NO_SIGNAL : { signal });
    } catch (error) {
      this.#recordFailure(error, signal);
      return Promise.reject(error);
    }
    const promise = Promise.resolve(result);
    if (signal !== undefined) {
      return promise.then(this.#onValue, (error) => {
        this.#recordFailure(error, signal);
        throw error;
      }) as Promise<T>;
    }
    if (!this.#failing) return promise.then(this.#onValue, this.#onError) as Promise<T>;
    // The first `then` only records a failure. A rejection passes through the second `then` to the
    // caller. One callback that does both must rethrow, which costs twice as much.
    promise.then(undefined, this.#onlyRecord);
    return promise.then(this.#onValue) as Promise<T>;
  }

  #runWatched<T>(operation: Operation<T>, signal: AbortSignal | undefined): Promise<T> {
    const machine = this.#machine;
    const startedMs = machine.timesCalls ? machine.settings.clock.now() : Number.NaN;
    return runAndTell(machine, operation, signal, (settlement) => {
      machine.inFlight -= 1;
      machine.accountSince(startedMs, this.generation, settlement);
    });
  }

  /** Runs an operation whose duration is needed, but whose value is not classified. */
  #runTimed<T>(operation: Operation<T>, signal: AbortSignal | undefined): Promise<T> {
    const machine = this.#machine;
    const startedMs = machine.settings.clock.now();
    let result: T | PromiseLike<T>;
    try {
      result = operation(signal === undefined ? NO_SIGNAL : { signal });
    } catch (error) {
      this.#recordTimedFailure(startedMs, error, signal);
      return Promise.reject(error);
    }
    return Promise.resolve(result).then(
      (value) => {
        machine.inFlight -= 1;
        machine.succeedSince(startedMs, this.generation);
        return value;
      },
      (error) => {
        this.#recordTimedFailure(startedMs, error, signal);
        throw error;
      },
    );
  }

  #recordTimedFailure(startedMs: number, error: unknown, signal: AbortSignal | undefined): void {
    const machine = this.#machine;
    machine.inFlight -= 1;
    machine.accountSince(startedMs, this.generation, settlementOfError(machine, error, signal));
  }

  readonly #onValue = (value: unknown): unknown => {
    this.#failing = false;
    this.#machine.inFlight -= 1;
    this.#machine.succeed(this.generation);
    return value;
  };

  readonly #onlyRecord = (error: unknown): void => this.#recordFailure(error, undefined);

  readonly #onError = (error: unknown): never => {
    this.#recordFailure(error, undefined);
    throw error;
  };

  #recordFailure(error: unknown, signal: AbortSignal | undefined): void {
    this.#failing = true;
    this.#machine.inFlight -= 1;
    this.#machine.account(this.generation, settlementOfError(this.#machine, error, signal));
  }
}

function settlementOfValue(machine: Machine, value: unknown): Settlement {
  const { classifyResult } = machine.settings;
  if (classifyResult === undefined) return SUCCESS;
  const outcome = ask(machine, "classifyResult", () => classifyResult(value), readOutcome);
  return { outcome: outcome ?? "success", error: undefined };
}

/**
 * Classifies an error of the operation. Does not call `classifyError` if the caller's abort caused
 * the error.
 */
function settlementOfError(
  machine: Machine,
  error: unknown,
  signal: AbortSignal | undefined,
): Settlement {
  const { classifyError, retryAfter } = machine.settings;
  const ofAbort = outcomeOfAbort(error, signal);
  if (ofAbort !== undefined) return { outcome: ofAbort, error };
  let outcome = defaultOutcome(error);
  if (classifyError !== undefined) {
    outcome = ask(machine, "classifyError", () => classifyError(error), readOutcome) ?? outcome;
  }
  if (outcome !== "failure") return { outcome, error };
  if (retryAfter === undefined) return { outcome, error, retryAfterMs: statedDelayMs(error) };
  const retryAfterMs = ask(machine, "retryAfter", () => retryAfter(error), readDelay);
  return { outcome, error, retryAfterMs };
}

/**
 * Returns `ignored` for a rejection by this package inside the operation, for example by a full
 * bulkhead. Returns `failure` for every other error.
 */
function defaultOutcome(error: unknown): Outcome {
  return isCircuitBreakerError(error) && error.refused ? "ignored" : "failure";
}

/** Calls a function from the options. If the function fails, warns once and returns undefined. */
function ask<R>(
  machine: Machine,
  option: string,
  question: () => unknown,
  read: (answer: unknown) => R,
): R | undefined {
  return askUser(machine, `circuit breaker "${machine.name}"`, option, question, read);
}

function readOutcome(outcome: unknown): Outcome {
  if (outcome === "success" || outcome === "failure" || outcome === "ignored") return outcome;
  throw new TypeError("expected success, failure or ignored");
}

function readDelay(delayMs: unknown): number | undefined {
  if (isDuration(delayMs)) return delayMs;
  throw new RangeError("expected undefined, or a number of milliseconds from 0");
}
