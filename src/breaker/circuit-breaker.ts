/** The circuit breaker as its users see it. */

import type { AbortSignal } from "../options/abort-signal.js";
import {
  checkFunction,
  checkNumber,
  checkText,
  type NumberRange,
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

/** What `execute` and `tryExecute` can be told. */
export interface ExecuteOptions {
  /**
   * Handed to the operation. A rejection caused by its abort is ignored, or a failure when its
   * reason is a `TimeoutError`; so is an error that a client makes of it, such as `CanceledError`.
   * When it is aborted already, the operation is not called.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `tryExecute` resolves to; `rejected` tells a call that was refused from one that failed. The
 * `error` of a refused call is made when it is read, so a copy of the result's own properties has none.
 */
export type ExecuteResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly rejected: false; readonly error: unknown }
  | { readonly ok: false; readonly rejected: true; readonly error: CircuitBreakerOpenError };

/** An outcome that had no permit. */
export interface RecordDetail extends FailureDetail {
  /** The generation in which the exchange began, as a permit or `getMetrics` told it. */
  readonly generation: number;
  /** How long it took, for policies that ask for slow calls. */
  readonly durationMs?: number | undefined;
  /** What it failed with. */
  readonly error?: unknown;
}

/**
 * Stops calling an upstream that fails, and finds out by a few probes when it is back.
 *
 * It is made of three states: closed (calls pass and failures are counted), open (calls are
 * rejected for the reset timeout) and half-open (a few calls probe). It uses no timer: an idle
 * breaker costs no CPU and holds no process.
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

  /**
   * @throws TypeError or RangeError naming the option, its value and what was expected.
   */
  constructor(options?: CircuitBreakerOptions) {
    const { name, settings } = readSettings(options);
    this.#machine = new Machine(name, settings);
  }

  /**
   * What is behind a breaker, for circuits that join it in one admission.
   *
   * @internal
   */
  static machineOf(breaker: CircuitBreaker): Machine {
    return breaker.#machine;
  }

  /** The name given in the options. */
  get name(): string {
    return this.#machine.name;
  }

  /**
   * The state now. Reading changes nothing: an open circuit whose time is over reads open until a
   * call arrives. Isolated reads open, disabled closed.
   */
  get state(): CircuitState {
    return this.#machine.visibleState;
  }

  /**
   * Runs `operation` if the circuit admits it, and passes on its value or its error untouched.
   *
   * @throws CircuitBreakerOpenError (as a rejection) when the circuit does not admit the call; the
   * signal's reason when it was aborted before. A TypeError for arguments of the wrong type is
   * thrown at once.
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
   * Like `execute`, but resolves to a result instead of rejecting. A rejection costs a fraction of
   * what a thrown one does.
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
   * Takes a permit for one call that the caller makes and settles.
   *
   * @throws CircuitBreakerOpenError when the circuit does not admit it.
   */
  acquire(): Permit {
    const admission = this.tryAcquire();
    if (admission instanceof Permit) return admission;
    throw admission;
  }

  /** Like `acquire`, but returns the rejection instead of throwing it. */
  tryAcquire(): Permit | CircuitBreakerOpenError {
    const admission = this.#machine.admit();
    return admission instanceof Permit ? admission : admission.error;
  }

  /** What an admission would be told now. Changes nothing and counts nothing. */
  check(): AdmissionCheck {
    return this.#machine.check();
  }

  /**
   * Counts an outcome that had no permit, as what a trace tells of an exchange: while the circuit
   * is closed and in the generation given; else it is counted as late.
   *
   * @throws TypeError or RangeError for an outcome, generation or duration that is none.
   */
  record(outcome: Outcome, detail: RecordDetail): void {
    OUTCOME.read(outcome, "outcome");
    const { generation, error, ...known } = readDetail("record", detail, RECORD_KEYS);
    const settlement = { outcome, error, ...known };
    this.#machine.record(checkNumber(generation, "generation", GENERATION), settlement);
  }

  /** Refuses every call until `release`, whatever the upstream does. Running calls go on. */
  isolate(reason: string): void {
    this.#machine.steer("isolated", "isolate", checkText(reason, "reason", 1000));
  }

  /**
   * Counts and changes state as always, but lets calls pass that it would refuse, counting them in
   * `wouldRejectCount` alone: a way to see what a breaker would do before trusting it.
   */
  observe(): void {
    this.#machine.steer("observe", "observe");
  }

  /** Lets every call pass until `release`; outcomes are counted but never open the circuit. */
  disable(): void {
    this.#machine.steer("disabled", "disable");
  }

  /** Ends manual control: automatic, closed, with an empty window. */
  release(): void {
    this.#machine.steer("automatic", "release");
  }

  /** Closes the circuit, empties its window and forgets growth; control and counters are kept. */
  reset(): void {
    this.#machine.reset();
  }

  /** How the breaker stands and what it has counted, as plain data. Changes nothing. */
  getMetrics(): CircuitBreakerMetrics {
    return metricsOf(this.#machine);
  }

  /**
   * Hears an event: `stateChange`, `success`, `failure`, `ignored`, `late` or `rejected`. Listeners
   * run after the change, in order; what they throw or reject with harms nobody and is announced
   * once as a warning of the process.
   *
   * @returns How to take the listener off.
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
  // Reading options in general would cost as much as the call itself.
  if (options?.signal instanceof globalThis.AbortSignal && Object.keys(options).length === 1) {
    return options.signal;
  }
  return readOptions("execute", options, { signal: signalField }).signal;
}

/**
 * Rejects one microtask later: a promise that is rejected before its caller can listen is first
 * entered in Node's list of unhandled rejections and then taken off, which is several times dearer.
 *
 * @internal
 */
export async function rejectSoon(error: unknown): Promise<never> {
  await undefined;
  throw error;
}

/**
 * Runs `operation` through `breaker`; the same as `breaker.execute(operation, options)`.
 *
 * @throws What `execute` throws.
 */
export function executeWithCircuitBreaker<T>(
  breaker: CircuitBreaker,
  operation: Operation<T>,
  options?: ExecuteOptions,
): Promise<T> {
  return breaker.execute(operation, options);
}
