/** Combines a local breaker with a shared circuit. A call needs the permission of both. */

import type { AdmissionCheck } from "../../breaker/calls/admission-check.js";
import { type Operation, runAndTell } from "../../breaker/calls/calls.js";
import { type CallPermit, Permit } from "../../breaker/calls/permit.js";
import { UnaskedPermit } from "../../breaker/calls/unasked-permit.js";
import {
  CircuitBreaker,
  type ExecuteOptions,
  type ExecuteResult,
  type RecordDetail,
  readSignal,
  rejectSoon,
} from "../../breaker/circuit-breaker.js";
import type { CircuitBreakerOpenError } from "../../breaker/errors.js";
import type { Listener } from "../../breaker/events.js";
import type { Machine } from "../../breaker/machine.js";
import type { CircuitBreakerMetrics } from "../../breaker/metrics.js";
import type { Outcome } from "../../breaker/options.js";
import { checkFunction, wordField } from "../../options/check.js";
import type { FleetSnapshot } from "../rules/reply.js";
import type { KnownRefusal } from "./circuit/known-circuit.js";
import type { SharedAdmission, SharedCircuit } from "./circuit/shared-circuit.js";
import type { SharedCounts } from "./circuit/shared-counts.js";
import { SharedSettler } from "./circuit/shared-settler.js";
import { SharedTicket } from "./circuit/shared-ticket.js";
import type { ControlOptions, FleetControl, IsolateOptions } from "./fleet-control.js";
import { type FleetEvents, SHARED_EVENT_NAMES, type SharedEventName } from "./fleet-events.js";
import type { SharedCircuitOpenError } from "./shared-open-error.js";

/** The state and the counts of a shared breaker at one moment. */
export interface SharedCircuitMetrics {
  readonly name: string;
  readonly scope: string;
  /** The state of the local breaker. */
  readonly local: CircuitBreakerMetrics;
  /**
   * The last known state of the shared circuit, with durations adjusted to the present. Undefined
   * before the first reply or push.
   */
  readonly shared: FleetSnapshot | undefined;
  readonly metrics: SharedCounts;
}

/**
 * A breaker that shares outages between processes. When other processes find an upstream down, this
 * process stops calling it too, and vice versa. The local breaker decides first, and counts every
 * outcome. If it admits a call, the shared circuit decides. Created by {@link Fleet.share}.
 */
export class SharedCircuitBreaker {
  /** The local breaker. */
  readonly local: CircuitBreaker;
  readonly #machine: Machine;
  readonly #circuit: SharedCircuit;
  readonly #control: FleetControl;
  /** The settler of the last call. Calls with the same ticket share this settler. */
  #settler: SharedSettler | undefined;

  /** @internal */
  constructor(local: CircuitBreaker, circuit: SharedCircuit, control: FleetControl) {
    this.local = local;
    this.#machine = CircuitBreaker.machineOf(local);
    this.#circuit = circuit;
    this.#control = control;
  }

  /** The name of the shared circuit. */
  get name(): string {
    return this.#circuit.key.name;
  }

  /** The rate-limit scope; see `FleetOptions.scope`. */
  get scope(): string {
    return this.#circuit.key.scope;
  }

  /**
   * Runs `operation` if both circuits admit the call. Returns its value, or rejects with its error.
   *
   * @throws CircuitBreakerOpenError (as a rejection) if the local circuit does not admit the call.
   * {@link SharedCircuitOpenError} (as a rejection) if the shared circuit does not. Rejects with
   * the signal's reason if the signal is already aborted. Throws a TypeError at once for arguments
   * of the wrong type.
   */
  execute<T>(operation: Operation<T>, options?: ExecuteOptions): Promise<T> {
    checkFunction(operation, "operation");
    const signal = readSignal(options);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const admission = this.#machine.admit();
    if (!(admission instanceof Permit)) return rejectSoon(admission.error);
    const answer = this.#ask(admission);
    if (answer instanceof SharedTicket) return this.#run(admission, answer, operation, signal);
    return this.#runWhenAnswered(admission, answer, operation, signal);
  }

  /** Works like `execute`, but resolves to a result instead of rejecting. */
  async tryExecute<T>(
    operation: Operation<T>,
    options?: ExecuteOptions,
  ): Promise<ExecuteResult<T>> {
    checkFunction(operation, "operation");
    const signal = readSignal(options);
    if (signal?.aborted) return { ok: false, rejected: false, error: signal.reason };
    const admission = this.#machine.admit();
    if (!(admission instanceof Permit)) return admission;
    const ticket = this.#take(admission, await this.#ask(admission));
    if (!(ticket instanceof SharedTicket)) return { ok: false, rejected: true, error: ticket };
    if (signal?.aborted) {
      giveBack(admission, ticket);
      return { ok: false, rejected: false, error: signal.reason };
    }
    try {
      return { ok: true, value: await this.#run(admission, ticket, operation, signal) };
    } catch (error) {
      return { ok: false, rejected: false, error };
    }
  }

  /**
   * Returns a permit of both circuits for one call. The caller makes the call and settles the
   * permit.
   *
   * @throws CircuitBreakerOpenError (as a rejection) if one of the circuits does not admit the
   * call.
   */
  async acquire(): Promise<Permit> {
    const admission = await this.tryAcquire();
    if (admission instanceof Permit) return admission;
    throw admission;
  }

  /** Works like `acquire`, but resolves to the rejection. */
  async tryAcquire(): Promise<Permit | CircuitBreakerOpenError> {
    const admission = this.#machine.admit();
    return admission instanceof Permit ? this.join(admission) : admission.error;
  }

  /**
   * Asks the shared circuit to admit a call that the local breaker has admitted. If the shared
   * circuit rejects the call, releases the local permit. Otherwise, the permit settles both
   * circuits.
   *
   * @internal
   */
  async join(permit: Permit): Promise<Permit | SharedCircuitOpenError> {
    const ticket = this.#take(permit, await this.#ask(permit));
    if (!(ticket instanceof SharedTicket)) return ticket;
    if (this.#settler?.ticket !== ticket) this.#settler = new SharedSettler(this.#machine, ticket);
    permit.handTo(this.#settler);
    return permit;
  }

  /**
   * Returns a permit for a call without admission, such as a call that only spans show. The outcome
   * counts in each circuit only if that circuit is closed. In the local circuit, the generation
   * must also be unchanged.
   *
   * @internal
   */
  unasked(): CallPermit {
    return new UnaskedPermit(this.local, this);
  }

  /**
   * Returns whether a call would be admitted, as far as this process knows without asking the
   * store. Changes and counts nothing.
   */
  check(): AdmissionCheck {
    const local = this.local.check();
    const known = local.admits && this.#obeys ? this.#circuit.check() : undefined;
    if (known === undefined) return local;
    const { reason, snapshot } = known;
    const retryAfterMs = reason === "isolated" ? undefined : snapshot.retryAfterMs;
    return { admits: false, reason, retryAfterMs };
  }

  /**
   * Asks the store for the state of the shared circuit, so that `check` and `getMetrics` are
   * current. Never rejects. Without a reply in time, the known state stays.
   */
  async refresh(): Promise<void> {
    await this.#circuit.read();
  }

  /**
   * Counts an outcome without a permit. The local circuit counts it if the circuit is closed and in
   * the given generation. The shared circuit counts it if the circuit is closed.
   *
   * @throws TypeError or RangeError for an invalid outcome, generation or duration.
   */
  record(outcome: Outcome, detail: RecordDetail): void {
    this.local.record(outcome, detail);
    if (this.#machine.control === "disabled") return;
    const { error, retryAfterMs, openNow } = detail;
    this.#circuit.unasked.settle({ outcome, error, retryAfterMs, openNow });
  }

  /**
   * Rejects every call in all processes until `release`, or until `expiresInMs` is over.
   *
   * @throws FleetStoreError (as a rejection) if the store does not answer. Throws a TypeError or
   * RangeError at once for an invalid option, with its value and the expected value.
   */
  isolate(options: IsolateOptions): Promise<FleetSnapshot> {
    return this.#control.isolate(this.name, options);
  }

  /**
   * Ends an isolation, and closes the shared circuit with an empty window. Throws as `isolate`
   * does.
   */
  release(options?: ControlOptions): Promise<FleetSnapshot> {
    return this.#control.release(this.name, options);
  }

  /**
   * Closes the shared circuit and empties its window. Keeps an isolation. Throws as `isolate` does.
   */
  reset(options?: ControlOptions): Promise<FleetSnapshot> {
    return this.#control.reset(this.name, options);
  }

  /** Returns the state of both circuits and the counters as plain data. Does not ask the store. */
  getMetrics(): SharedCircuitMetrics {
    return {
      name: this.name,
      scope: this.scope,
      local: this.local.getMetrics(),
      shared: this.#circuit.snapshot,
      metrics: { ...this.#circuit.counts },
    };
  }

  /**
   * Adds a listener for `change` or `rejected` of the shared circuit. Listeners follow the rules
   * for listeners of a breaker. For events of the local circuit, use `local.on`.
   *
   * @returns A function that removes the listener.
   */
  on<N extends SharedEventName>(event: N, listener: Listener<FleetEvents[N]>): () => void {
    EVENT.read(event, "event");
    checkFunction(listener, "listener");
    return this.#circuit.news.emitter.on(event, listener);
  }

  /**
   * Whether rejections of the shared circuit apply. They do not while the local breaker only
   * observes or is disabled.
   */
  get #obeys(): boolean {
    const { control } = this.#machine;
    return control !== "observe" && control !== "disabled";
  }

  #ask(permit: Permit): SharedAdmission | Promise<SharedAdmission> {
    const untold = permit.wouldReject || this.#machine.control === "disabled";
    return untold ? LOCAL_ONLY : this.#circuit.admit();
  }

  /**
   * Returns the ticket of an admitted call. For a rejected call, releases the local permit and
   * returns the error.
   */
  #take(permit: Permit, answer: SharedAdmission): SharedTicket | SharedCircuitOpenError {
    if (answer instanceof SharedTicket) return answer;
    if (!this.#obeys) return LOCAL_ONLY;
    permit.release();
    return this.#circuit.reject(answer, this.#machine.settings.captureRejectionStack);
  }

  #run<T>(
    permit: Permit,
    ticket: SharedTicket,
    operation: Operation<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const machine = this.#machine;
    return runAndTell(machine, operation, signal, (settlement) => {
      machine.settle(permit, settlement);
      ticket.settle(settlement);
    });
  }

  async #runWhenAnswered<T>(
    permit: Permit,
    answer: KnownRefusal | Promise<SharedAdmission>,
    operation: Operation<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const ticket = this.#take(permit, await answer);
    if (!(ticket instanceof SharedTicket)) throw ticket;
    if (!signal?.aborted) return this.#run(permit, ticket, operation, signal);
    giveBack(permit, ticket);
    throw signal.reason;
  }
}

const EVENT = wordField<SharedEventName>("change", SHARED_EVENT_NAMES);

/** The ticket of calls whose outcome is not sent to the store. */
const LOCAL_ONLY = new SharedTicket({ tell: () => {}, giveBack: () => {} }, null, undefined);

function giveBack(permit: Permit, ticket: SharedTicket): void {
  permit.release();
  ticket.release();
}
