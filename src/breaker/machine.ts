/**
 * The state machine of one breaker: admission, settlement and manual control. It runs no operation
 * and holds no timer. The time comes from the clock.
 */

import { ADMITTED, type AdmissionCheck, ISOLATED } from "./calls/admission-check.js";
import { Permit, type Settlement, SUCCESS } from "./calls/permit.js";
import { RejectedCall } from "./calls/rejected-call.js";
import { CircuitState } from "./circuit-state.js";
import type { Rejection, RejectionReason } from "./errors.js";
import type { Control, StateChangeReason } from "./events.js";
import type { Outcome } from "./options.js";
import { remainingMs } from "./rounded-times.js";
import { Circuit } from "./state/circuit.js";
import type { ClosedState } from "./state/closed.js";
import type { HalfOpenState } from "./state/half-open.js";
import type { LastFailure, StateRejection } from "./state/state-shape.js";

/**
 * One circuit with its rules. Only admission, settlement and manual control change it.
 *
 * Private methods have no `#`, because a class with a `#` method takes more memory in every object.
 */
export class Machine extends Circuit {
  inFlight = 0;
  // The counters are separate fields. An object for all counters would cost every idle breaker more
  // memory.
  successCount = 0;
  failureCount = 0;
  ignoredCount = 0;
  lateCount = 0;
  rejectedCount = 0;
  wouldRejectCount = 0;

  /**
   * Whether calls are timed, because a policy counts slow calls or a listener receives durations.
   */
  get timesCalls(): boolean {
    return this.emitter?.hearsOutcomes || this.settings.trip.slowCallMs !== undefined;
  }

  /** Admits or rejects a call. */
  admit(): Permit | RejectedCall {
    const answer = this.answer();
    this.emitter?.deliver();
    return answer;
  }

  private answer(): Permit | RejectedCall {
    if (this.control === "isolated") return this.reject("isolated", undefined);
    const nowMs = this.needsTimeToAdmit ? this.settings.clock.now() : Number.NaN;
    if (this.control === "disabled") return this.letIn(nowMs, false);
    const admission = this.advance(nowMs);
    if (admission === "admit") return this.letIn(nowMs, false);
    if (this.control !== "observe") return this.reject(admission.reason, admission.retryAfterMs);
    this.wouldRejectCount += 1;
    return this.letIn(nowMs, true);
  }

  /** Returns whether `admit` would admit a call now. Changes nothing. */
  check(): AdmissionCheck {
    if (this.control === "isolated") return ISOLATED;
    if (this.control === "disabled") return ADMITTED;
    const nowMs = this.settings.clock.now();
    const admission = this.state.admission(nowMs);
    if (admission === "admit" || admission === "probe") return ADMITTED;
    const refusal =
      admission === "trip"
        ? { reason: "open" as const, retryAfterMs: remainingMs(this.openMsAt(nowMs, 0), 0) }
        : admission;
    return { admits: this.control === "observe", ...refusal };
  }

  settle(permit: Permit, settlement: Settlement): void {
    this.giveBack(permit);
    if (permit.wouldReject) return;
    this.accountSince(permit.startedMs, permit.generation, settlement);
  }

  /**
   * Counts the outcome of a call that began at `startedMs`, which is NaN if the call is not timed.
   */
  accountSince(startedMs: number, generation: number, settlement: Settlement): void {
    if (settlement.durationMs !== undefined || Number.isNaN(startedMs)) {
      this.account(generation, settlement);
      return;
    }
    const nowMs = this.settings.clock.now();
    this.account(generation, settlement, nowMs - startedMs, nowMs);
  }

  /** Takes back the permit of a call that was not made. */
  release(permit: Permit): void {
    this.giveBack(permit);
  }

  /**
   * Counts an outcome without a permit. The outcome is late unless the circuit is closed and still
   * in `generation`.
   */
  record(generation: number, settlement: Settlement): void {
    if (this.visibleState === CircuitState.Closed) this.account(generation, settlement);
    else this.accountLate(generation, settlement);
  }

  /**
   * Counts an outcome. An outcome of an earlier generation is late: it changes neither the state
   * nor the window.
   */
  account(
    generation: number,
    settlement: Settlement,
    durationMs = settlement.durationMs,
    nowMs = Number.NaN,
  ): void {
    const { outcome } = settlement;
    if (generation !== this.generation) {
      this.accountLate(generation, settlement, durationMs);
      return;
    }
    if (outcome === "success") this.successCount += 1;
    else if (outcome === "failure") {
      this.failureCount += 1;
      this.ownTallies.addFailure(settlement.error, settlement.openNow === true);
    } else this.ignoredCount += 1;
    this.enqueueOutcome(outcome, generation, settlement, durationMs);
    if (outcome !== "ignored" && this.control !== "disabled") {
      this.judge(settlement, durationMs, nowMs);
    }
    this.emitter?.deliver();
  }

  /**
   * Counts a success on the fastest path: the circuit is closed, calls are not timed, and there are
   * no listeners.
   */
  succeed(generation: number): void {
    if (generation !== this.generation || this.emitter?.hearsOutcomes) {
      this.account(generation, SUCCESS);
      return;
    }
    this.successCount += 1;
    const { policy, failure } = this.state as ClosedState;
    if (failure === undefined && !policy.countsSuccesses) return;
    const nowMs = policy.needsTime ? this.settings.clock.now() : Number.NaN;
    if (!policy.success(nowMs, false)) return;
    this.open("tripped", nowMs);
    this.emitter?.deliver();
  }

  /** Counts a success on the fast path if the trip policy needs the duration of the call. */
  succeedSince(startedMs: number, generation: number): void {
    if (generation !== this.generation || this.emitter?.hearsOutcomes) {
      this.accountSince(startedMs, generation, SUCCESS);
      return;
    }
    this.successCount += 1;
    const nowMs = this.settings.clock.now();
    const slow = nowMs - startedMs >= (this.settings.trip.slowCallMs as number);
    if (!(this.state as ClosedState).policy.success(nowMs, slow)) return;
    this.open("tripped", nowMs);
    this.emitter?.deliver();
  }

  private accountLate(
    generation: number,
    settlement: Settlement,
    durationMs = settlement.durationMs,
  ): void {
    this.lateCount += 1;
    this.enqueueOutcome("late", generation, settlement, durationMs);
    this.emitter?.deliver();
  }

  /**
   * Changes the manual control. Closes the circuit, except when `observe` follows automatic
   * control.
   */
  steer(control: Control, reason: StateChangeReason, isolationReason?: string): void {
    const nowMs = this.settings.clock.now();
    const runs = this.control === "automatic" || this.control === "observe";
    if (control === "automatic") this.forgetGrowth();
    this.isolationReason = isolationReason;
    if (runs && control === "observe") this.keep(reason, nowMs, control);
    else this.close(reason, nowMs, control);
    this.emitter?.deliver();
  }

  /**
   * Closes the circuit with an empty window, and resets the growth of the open time. Control and
   * counters stay.
   */
  reset(): void {
    this.forgetGrowth();
    this.close("reset", this.settings.clock.now());
    this.emitter?.deliver();
  }

  /**
   * Whether `admit` certainly admits a call: the circuit is not isolated, is closed, and no
   * admission can open it.
   */
  get admitsFreely(): boolean {
    return this.control !== "isolated" && this.isSound;
  }

  /** Whether the circuit is closed and no admission can open it. */
  private get isSound(): boolean {
    const { state } = this;
    if (state.kind !== CircuitState.Closed) return false;
    return state.failure === undefined || !state.policy.judgesAtAdmission;
  }

  private get needsTimeToAdmit(): boolean {
    return !this.isSound || this.timesCalls;
  }

  /**
   * Decides whether to admit a call at `nowMs`, and makes the state changes that follow from this
   * decision.
   */
  private advance(nowMs: number): "admit" | StateRejection {
    if (this.isSound) return "admit";
    const admission = this.state.admission(nowMs);
    if (admission === "trip") {
      this.open("tripped", nowMs);
      return this.advance(nowMs);
    }
    if (admission === "probe") {
      this.halfOpen(nowMs);
      return "admit";
    }
    return admission;
  }

  private letIn(nowMs: number, wouldReject: boolean): Permit {
    this.inFlight += 1;
    const { state, generation } = this;
    const probes = state.kind === CircuitState.HalfOpen && !wouldReject;
    const lease = probes ? state.lease(nowMs) : undefined;
    const startedMs = this.timesCalls ? nowMs : Number.NaN;
    return new Permit(this, generation, lease, startedMs, wouldReject);
  }

  private reject(reason: RejectionReason, retryAfterMs: number | undefined): RejectedCall {
    this.rejectedCount += 1;
    const rejection: Rejection = {
      breakerName: this.name,
      state: this.visibleState,
      reason,
      retryAfterMs,
      generation: this.generation,
      cause: this.state.failure?.error,
      isolationReason: reason === "isolated" ? this.isolationReason : undefined,
    };
    const refused = new RejectedCall(rejection, this.settings.captureRejectionStack);
    if (this.emitter?.hears("rejected")) {
      this.emitter.enqueue("rejected", { breakerName: this.name, error: refused.error });
    }
    return refused;
  }

  private giveBack({ lease }: Permit): void {
    this.inFlight -= 1;
    if (lease !== undefined && this.state.kind === CircuitState.HalfOpen) {
      this.state.giveBack(lease);
    }
  }

  /**
   * Applies a success or failure of this generation to the state.
   *
   * @param nowMs The time if it was already read, otherwise NaN.
   */
  private judge(settlement: Settlement, durationMs: number | undefined, nowMs: number): void {
    // The state is never open here. An open circuit admits no call, so no outcome belongs to its
    // generation.
    const state = this.state as ClosedState | HalfOpenState;
    const failed = settlement.outcome === "failure";
    if (failed) state.failure = this.noteOf(settlement);
    const { slowCallMs } = this.settings.trip;
    const slow = slowCallMs !== undefined && Number(durationMs) >= slowCallMs;
    if (state.kind === CircuitState.Closed) {
      const { policy } = state;
      if (state.failure === undefined && !policy.countsSuccesses) return;
      const atMs = policy.needsTime && Number.isNaN(nowMs) ? this.settings.clock.now() : nowMs;
      const trips = failed ? policy.failure(atMs, slow) : policy.success(atMs, slow);
      if (failed && settlement.openNow) this.open("opened-at-once", atMs);
      else if (trips) this.open("tripped", atMs);
    } else if (failed) {
      this.open("probe-failed");
    } else if (slow) {
      this.open("probe-slow");
    } else if (state.success()) {
      this.close("probe-succeeded", this.settings.clock.now());
    }
  }

  /**
   * Returns the facts of a failure that a later opening needs. For example, bad seconds open the
   * circuit only at a later admission.
   */
  private noteOf({ error, retryAfterMs = 0 }: Settlement): LastFailure {
    const asked = retryAfterMs > 0;
    return { error, quietUntilMs: asked ? this.settings.clock.now() + retryAfterMs : undefined };
  }

  private enqueueOutcome(
    event: Outcome | "late",
    generation: number,
    { outcome, error }: Settlement,
    durationMs: number | undefined,
  ): void {
    if (!this.emitter?.hearsOutcomes) return;
    this.emitter.enqueue(event, { breakerName: this.name, outcome, generation, durationMs, error });
  }
}
