/**
 * Combines a breaker of this process with a shared circuit: a call needs the permission of both.
 */

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

/** A snapshot of a shared breaker. */
export interface SharedCircuitMetrics {
  readonly name: string;
  readonly scope: string;
  /** The breaker of this process. */
  readonly local: CircuitBreakerMetrics;
  /**
   * The last known state of the shared circuit, adjusted to the current time; undefined before the
   * first reply or push.
   */
  readonly shared: FleetSnapshot | undefined;
  readonly metrics: SharedCounts;
}

/**
 * A breaker that shares outages between processes. If other processes find an upstream down, this
 * process stops calling it too, and the other way round. Created by {@link Fleet.share}. The local
 * breaker decides first and counts every outcome. If it admits a call, the shared circuit decides.
 */
export class SharedCircuitBreaker {
  /** The breaker of this process. */
  readonly local: CircuitBreaker;
  readonly #machine: Machine;
  readonly #circuit: SharedCircuit;
  readonly #control: FleetControl;
  /** The settler of the last call. Calls with the same ticket reuse it. */
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

  /** The rate-limit scope. */
  get scope(): string {
    return this.#circuit.key.scope;
  }

  /**
   * Runs `operation` if both circuits admit it, and passes on its value or error unchanged.
   *
   * @throws CircuitBreakerOpenError (as a rejection) when the local circuit does not admit the
   * call, {@link SharedCircuitOpenError} when the shared one does not. Rejects with the signal's
   * reason when it is already aborted. Throws a TypeError at once for arguments of the wrong type.
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

  /** Like `execute`, but resolves to a result instead of rejecting. */
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
   * Takes a permit of both circuits for one call that the caller makes and settles.
   *
   * @throws CircuitBreakerOpenError (as a rejection) when one of them does not admit the call.
   */
  async acquire(): Promise<Permit> {
    const admission = await this.tryAcquire();
    if (admission instanceof Permit) return admission;
    throw admission;
  }

  /** Like `acquire`, but resolves to the rejection. */
  async tryAcquire(): Promise<Permit | CircuitBreakerOpenError> {
    const admission = this.#machine.admit();
    return admission instanceof Permit ? this.join(admission) : admission.error;
  }

  /**
   * Asks the shared circuit for a call that the local breaker has admitted. If it rejects, the
   * local permit is released; otherwise the same permit settles both.
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
   * Returns a permit for a call without admission, such as one seen only in spans. The outcome
   * counts in each circuit while that circuit is closed; in the local one only if its generation
   * has not changed.
   *
   * @internal
   */
  unasked(): CallPermit {
    return new UnaskedPermit(this.local, this);
  }

  /**
   * Returns the answer that an admission would get, as far as known without asking the store.
   * Changes nothing and counts nothing.
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
   * current. Never rejects; without a reply in time the known state stays.
   */
  async refresh(): Promise<void> {
    await this.#circuit.read();
  }

  /**
   * Counts an outcome without a permit: in the local circuit while it is closed and in the given
   * generation, and in the shared one while that is closed.
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
   * Rejects every call of every process until `release` or the end of `expiresInMs`.
   *
   * @throws FleetStoreError (as a rejection) when the store cannot be asked. Throws a TypeError or
   * RangeError at once that names the option, its value and the expected value.
   */
  isolate(options: IsolateOptions): Promise<FleetSnapshot> {
    return this.#control.isolate(this.name, options);
  }

  /** Ends an isolation of the shared circuit: closed, with an empty window. Throws as `isolate` does. */
  release(options?: ControlOptions): Promise<FleetSnapshot> {
    return this.#control.release(this.name, options);
  }

  /** Closes the shared circuit and empties its window. An isolation stays. Throws as `isolate` does. */
  reset(options?: ControlOptions): Promise<FleetSnapshot> {
    return this.#control.reset(this.name, options);
  }

  /**
   * Returns the state of both circuits and the counters as plain data. Changes nothing and does not
   * ask the store.
   */
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
   * Adds a listener for `change` or `rejected` of the shared circuit. For the local circuit, use
   * `local.on`. Listeners work as those of a breaker.
   *
   * @returns A function that removes the listener.
   */
  on<N extends SharedEventName>(event: N, listener: Listener<FleetEvents[N]>): () => void {
    EVENT.read(event, "event");
    checkFunction(listener, "listener");
    return this.#circuit.news.emitter.on(event, listener);
  }

  /**
   * Whether rejections of the shared circuit apply: not while the local breaker is observed or
   * disabled.
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

/** The ticket of calls whose outcome stays in this process. */
const LOCAL_ONLY = new SharedTicket({ tell: () => {}, giveBack: () => {} }, null, undefined);

function giveBack(permit: Permit, ticket: SharedTicket): void {
  permit.release();
  ticket.release();
}
