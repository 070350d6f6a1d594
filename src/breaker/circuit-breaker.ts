/** The public class `CircuitBreaker`. */

import type { AbortSignal } from "../options/abort-signal.js";
import {
  checkFunction,
  checkNumber,
  checkText,
  type NumberRange,
  objectField,
  readOptions,
  signalField,
  wordField,
} from "../options/check.js";
import type { AdmissionCheck } from "./calls/admission-check.js";
import { FastLane, type Operation, runWithPermit } from "./calls/calls.js";
import { type FailureDetail, Permit, readDetail } from "./calls/permit.js";
import type { CircuitState } from "./circuit-state.js";
import type { CircuitBreakerOpenError } from "./errors.js";
import { type CircuitBreakerEvents, Emitter, EVENT_NAMES, type Listener } from "./events.js";
import { Machine } from "./machine.js";
import { type CircuitBreakerMetrics, metricsOf } from "./metrics.js";
import { type CircuitBreakerOptions, type Outcome, readSettings } from "./options.js";

/** Options of `execute` and `tryExecute`. */
export interface ExecuteOptions {
  /**
   * The signal that the operation receives. If the signal is already aborted, the operation is not
   * called.
   *
   * If the abort makes the call fail, the outcome is ignored, unless the reason for the abort is a
   * `TimeoutError`: then it is a failure. Both rules also hold if a client rejects with an error of
   * its own for the abort, such as `CanceledError`.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The result of `tryExecute`. If `ok` is false, `rejected` is true for a call that the breaker
 * rejected, and false for a call that failed.
 *
 * The `error` of a rejected call is created when it is read, so a spread copy of the result lacks
 * it.
 */
export type ExecuteResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly rejected: false; readonly error: unknown }
  | { readonly ok: false; readonly rejected: true; readonly error: CircuitBreakerOpenError };

/** Details of an outcome that has no permit. */
export interface RecordDetail extends FailureDetail {
  /** The generation in which the exchange began, from a permit or `getMetrics`. At least 1. */
  readonly generation: number;
  /** The duration in milliseconds, 0 or more, for policies that count slow calls. */
  readonly durationMs?: number | undefined;
  /** The error of the exchange, if it failed. */
  readonly error?: unknown;
}

/**
 * A circuit breaker. It stops calls to an upstream that fails, and sends a few probes to find out
 * when the upstream has recovered.
 *
 * A circuit has three states. Closed: calls pass and failures are counted. Open: calls are rejected
 * for the reset timeout. Half-open: a few calls are admitted as probes.
 *
 * A breaker uses no timer, so an idle breaker costs no CPU time and does not keep the process
 * alive.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "dagger-circuit-breaker";
 *
 * const breaker = new CircuitBreaker({ name: "api", failureThreshold: 5, resetTimeoutMs: 60_000 });
 * const answer = await breaker.execute(async () => "hello");
 * console.assert(answer === "hello");
 * ```
 *
 * @see Michael Nygard, Release It!, and https://martinfowler.com/bliki/CircuitBreaker.html
 */
export class CircuitBreaker {
  readonly #machine: Machine;
  #lane: FastLane | undefined = undefined;

  /** @throws TypeError or RangeError that names the option, its value and the expected value. */
  constructor(options?: CircuitBreakerOptions) {
    const { name, settings } = readSettings(options);
    this.#machine = new Machine(name, settings);
  }

  /**
   * Returns the state machine of a breaker, so that a guard can admit a call at several breakers at
   * once.
   *
   * @internal
   */
  static machineOf(breaker: CircuitBreaker): Machine {
    return breaker.#machine;
  }

  get name(): string {
    return this.#machine.name;
  }

  /**
   * The current state. Reading it changes nothing, so the state stays `open` after the reset
   * timeout until a call arrives. The state of an isolated circuit is `open`. The state of a
   * disabled circuit is `closed`.
   */
  get state(): CircuitState {
    return this.#machine.visibleState;
  }

  /**
   * Runs `operation` if the circuit admits the call, and passes on the value or error of
   * `operation` unchanged.
   *
   * @throws CircuitBreakerOpenError (as a rejection) when the circuit does not admit the call.
   * Rejects with the signal's reason when the signal is already aborted. Throws a TypeError at once
   * for arguments of the wrong type.
   */
  execute<T>(operation: Operation<T>, options?: ExecuteOptions): Promise<T> {
    checkFunction(operation, "operation");
    const signal = readSignal(options);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const machine = this.#machine;
    let lane = this.#lane;
    if (lane?.generation !== machine.generation) {
      lane = FastLane.through(machine);
      this.#lane = lane;
    }
    if (lane !== undefined) return lane.run(operation, signal);
    const admission = machine.admit();
    if (!(admission instanceof Permit)) return rejectSoon(admission.error);
    return runWithPermit(machine, admission, operation, signal);
  }

  /**
   * Runs `operation` like `execute`, but resolves to a result instead of rejecting. For a rejected
   * call, this costs a fraction of a thrown error.
   */
  async tryExecute<T>(
    operation: Operation<T>,
    options?: ExecuteOptions,
  ): Promise<ExecuteResult<T>> {
    checkFunction(operation, "operation");
    const signal = readSignal(options);
    if (signal?.aborted) return { ok: false, rejected: false, error: signal.reason };
    const admission = this.#machine.admit();
    if (!(admission instanceof Permit)) return admission;
    try {
      return { ok: true, value: await runWithPermit(this.#machine, admission, operation, signal) };
    } catch (error) {
      return { ok: false, rejected: false, error };
    }
  }

  /**
   * Takes a permit for one call. The caller makes the call and settles the permit.
   *
   * @throws CircuitBreakerOpenError when the circuit does not admit the call.
   */
  acquire(): Permit {
    const admission = this.tryAcquire();
    if (admission instanceof Permit) return admission;
    throw admission;
  }

  /** Takes a permit like `acquire`, but returns a rejection instead of throwing it. */
  tryAcquire(): Permit | CircuitBreakerOpenError {
    const admission = this.#machine.admit();
    return admission instanceof Permit ? admission : admission.error;
  }

  /**
   * Returns whether a call would be admitted now, and if not, why. Changes nothing and counts
   * nothing.
   */
  check(): AdmissionCheck {
    return this.#machine.check();
  }

  /**
   * Counts an outcome without a permit, such as that of an exchange seen in a trace. The outcome is
   * late, and changes no state, if the circuit is not closed or its generation has changed.
   *
   * @throws TypeError or RangeError for an invalid outcome, generation or duration.
   */
  record(outcome: Outcome, detail: RecordDetail): void {
    OUTCOME.read(outcome, "outcome");
    const { generation, error, ...known } = readDetail("record", detail, RECORD_KEYS);
    const settlement = { outcome, error, ...known };
    this.#machine.record(checkNumber(generation, "generation", GENERATION), settlement);
  }

  /** Rejects every call until `release`, whatever the upstream does. Running calls continue. */
  isolate(reason: string): void {
    this.#machine.steer("isolated", "isolate", checkText(reason, "reason", 1000));
  }

  /**
   * Admits every call until `release`, but counts and changes state as usual. Calls that would have
   * been rejected are counted only in `wouldRejectCount`.
   *
   * Use this method to try out a breaker before it may reject calls.
   */
  observe(): void {
    this.#machine.steer("observe", "observe");
  }

  /** Admits every call until `release`. Outcomes are counted but never open the circuit. */
  disable(): void {
    this.#machine.steer("disabled", "disable");
  }

  /** Ends manual control. The circuit becomes automatic and closed, with an empty window. */
  release(): void {
    this.#machine.steer("automatic", "release");
  }

  /**
   * Closes the circuit, empties its window and resets the growth of the open time. The manual
   * control and the counters stay.
   */
  reset(): void {
    this.#machine.reset();
  }

  /** Returns the state and the counters as plain data. Changes nothing. */
  getMetrics(): CircuitBreakerMetrics {
    return metricsOf(this.#machine);
  }

  /**
   * Adds a listener for `stateChange`, `success`, `failure`, `ignored`, `late` or `rejected`.
   * Listeners run after the change, in order. An error in a listener affects no call and causes one
   * process warning.
   *
   * @returns A function that removes the listener.
   */
  on<N extends keyof CircuitBreakerEvents>(
    event: N,
    listener: Listener<CircuitBreakerEvents[N]>,
  ): () => void {
    EVENT.read(event, "event");
    checkFunction(listener, "listener");
    this.#machine.emitter ??= new Emitter(`circuit breaker "${this.name}"`);
    return this.#machine.emitter.on(event, listener);
  }
}

const GENERATION: NumberRange = { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true };
const RECORD_KEYS: readonly (keyof RecordDetail)[] = [
  "generation",
  "durationMs",
  "error",
  "retryAfterMs",
  "openNow",
];
const OUTCOME = wordField<Outcome>("success", ["success", "failure", "ignored"]);
const EVENT = wordField<keyof CircuitBreakerEvents>("stateChange", EVENT_NAMES);

/** @internal */
export function readSignal(options: ExecuteOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  // Options with only a signal are the usual case, so they are checked here. The full check would
  // cost as much as the call.
  if (options?.signal instanceof globalThis.AbortSignal && Object.keys(options).length === 1) {
    return options.signal;
  }
  return readOptions("execute", options, { signal: signalField }).signal;
}

/**
 * Returns a promise that rejects one microtask later. If the promise rejected at once, Node would
 * list it as unhandled and later remove it. That costs several times as much.
 *
 * @internal
 */
export async function rejectSoon(error: unknown): Promise<never> {
  await undefined;
  throw error;
}

const breakerField = objectField<CircuitBreaker>({} as CircuitBreaker, ["execute"]);

/**
 * Runs `operation` through `breaker`, exactly as `breaker.execute(operation, options)` does.
 *
 * @throws What `execute` throws, and a TypeError at once if `breaker` is not a breaker.
 */
export function executeWithCircuitBreaker<T>(
  breaker: CircuitBreaker,
  operation: Operation<T>,
  options?: ExecuteOptions,
): Promise<T> {
  breakerField.read(breaker, "breaker");
  return breaker.execute(operation, options);
}
