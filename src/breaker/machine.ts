/**
 * The state machine of one breaker: admission, settlement and manual control. It runs no operation
 * and holds no timer; time comes in through the clock.
 */

import { ADMITTED, type AdmissionCheck, ISOLATED } from "./admission-check.js";
import { CircuitState } from "./circuit-state.js";
import type { Rejection, RejectionReason } from "./errors.js";
import type { Control, Emitter, StateChangeReason } from "./events.js";
import { openingsInARow, openTimeMs } from "./open-time.js";
import type { Outcome, Settings } from "./options.js";
import { Permit, type Settlement, SUCCESS } from "./permit.js";
import { RefusedCall } from "./refused-call.js";
import { ClosedState } from "./state/closed.js";
import { HalfOpenState } from "./state/half-open.js";
import { OpenState } from "./state/open.js";
import type { State } from "./state/state.js";
import type { Refusal } from "./state/state-shape.js";

/** One circuit. Reads change nothing; only admission, settlement and the controls do. */
export class Machine {
  readonly name: string;
  readonly settings: Settings;
  state: State;
  control: Control = "automatic";
  isolationReason: string | undefined = undefined;
  generation = 1;
  inFlight = 0;
  emitter: Emitter | undefined = undefined;
  // The counters stand here one by one: an object of their own would cost every idle breaker more.
  successCount = 0;
  failureCount = 0;
  ignoredCount = 0;
  lateCount = 0;
  rejectedCount = 0;
  wouldRejectCount = 0;
  stateChanges = 0;
  #openings = 0;

  constructor(name: string, settings: Settings) {
    this.name = name;
    this.settings = settings;
    // A whole number takes no object of its own. Of a circuit that never opened only the age is read.
    this.state = this.#closed(Math.floor(settings.clock.now()));
  }

  /** The state that everybody sees: isolated reads open, disabled closed. */
  get visibleState(): CircuitState {
    return this.control === "isolated" ? CircuitState.Open : this.state.kind;
  }

  /** Whether calls are timed: a policy asks for slow calls, or somebody listens to durations. */
  get timesCalls(): boolean {
    return this.emitter?.hearsOutcomes || this.settings.trip.slowCallMs !== undefined;
  }

  /** Lets a call in or refuses it. */
  admit(): Permit | RefusedCall {
    const answer = this.#answer();
    this.emitter?.deliver();
    return answer;
  }

  #answer(): Permit | RefusedCall {
    if (this.control === "isolated") return this.#reject("isolated", undefined);
    const nowMs = this.#needsTimeToAdmit ? this.settings.clock.now() : Number.NaN;
    if (this.control === "disabled") return this.#letIn(nowMs, false);
    const admission = this.#advance(nowMs);
    if (admission === "admit") return this.#letIn(nowMs, false);
    if (this.control !== "observe") return this.#reject(admission.reason, admission.retryAfterMs);
    this.wouldRejectCount += 1;
    return this.#letIn(nowMs, true);
  }

  /** What `admit` would say now. Changes nothing. */
  check(): AdmissionCheck {
    if (this.control === "isolated") return ISOLATED;
    if (this.control === "disabled") return ADMITTED;
    const nowMs = this.settings.clock.now();
    const admission = this.state.admission(nowMs);
    if (admission === "admit" || admission === "probe") return ADMITTED;
    const refusal =
      admission === "trip"
        ? { reason: "open" as const, retryAfterMs: this.#openMs(nowMs, 0, 0) }
        : admission;
    return { admits: this.control === "observe", ...refusal };
  }

  /** Takes the outcome of a call that was let in. */
  settle(permit: Permit, settlement: Settlement): void {
    this.#giveBack(permit);
    if (permit.wouldReject) return;
    const { startedMs } = permit;
    const timed = settlement.durationMs === undefined && !Number.isNaN(startedMs);
    const durationMs = timed ? this.settings.clock.now() - startedMs : settlement.durationMs;
    this.account(permit.generation, settlement, durationMs);
  }

  /** Takes back a permit whose call was not made. */
  release(permit: Permit): void {
    this.#giveBack(permit);
  }

  /** Counts an outcome that had no permit: while closed, in its generation; else as late. */
  record(generation: number, settlement: Settlement): void {
    if (this.visibleState === CircuitState.Closed) this.account(generation, settlement);
    else this.#accountLate(generation, settlement);
  }

  /** Enters an outcome in the books; one of another generation changes neither state nor window. */
  account(generation: number, settlement: Settlement, durationMs = settlement.durationMs): void {
    const { outcome } = settlement;
    if (generation !== this.generation) {
      this.#accountLate(generation, settlement, durationMs);
      return;
    }
    if (outcome === "success") this.successCount += 1;
    else if (outcome === "failure") this.failureCount += 1;
    else this.ignoredCount += 1;
    this.#enqueueOutcome(outcome, generation, settlement, durationMs);
    if (outcome !== "ignored" && this.control !== "disabled") this.#judge(settlement, durationMs);
    this.emitter?.deliver();
  }

  /** The shortest way of a success: in a closed circuit, untimed, and with nobody who listens. */
  succeed(generation: number): void {
    if (generation !== this.generation || this.emitter?.hearsOutcomes) {
      this.account(generation, SUCCESS);
      return;
    }
    this.successCount += 1;
    const { policy } = this.state as ClosedState;
    const nowMs = policy.needsTime ? this.settings.clock.now() : Number.NaN;
    if (!policy.success(nowMs, false)) return;
    this.#open("tripped", 0);
    this.emitter?.deliver();
  }

  #accountLate(
    generation: number,
    settlement: Settlement,
    durationMs = settlement.durationMs,
  ): void {
    this.lateCount += 1;
    this.#enqueueOutcome("late", generation, settlement, durationMs);
    this.emitter?.deliver();
  }

  /** Changes the control, and what state the circuit is in under it. */
  steer(control: Control, reason: StateChangeReason, isolationReason?: string): void {
    const nowMs = this.settings.clock.now();
    const runs = this.control === "automatic" || this.control === "observe";
    const next = runs && control === "observe" ? this.#renewed(nowMs) : this.#closed(nowMs);
    if (control === "automatic") this.#openings = 0;
    this.isolationReason = isolationReason;
    this.#change(next, reason, nowMs, control);
    this.emitter?.deliver();
  }

  /** Closes the circuit with an empty window and no growth; control and counters stay. */
  reset(): void {
    this.#openings = 0;
    const nowMs = this.settings.clock.now();
    this.#change(this.#closed(nowMs), "reset", nowMs);
    this.emitter?.deliver();
  }

  get #needsTimeToAdmit(): boolean {
    const { state } = this;
    return state.kind !== CircuitState.Closed || state.policy.judgesAtAdmission || this.timesCalls;
  }

  /** What an admission at `nowMs` leads to, with the changes of state that it causes. */
  #advance(nowMs: number): "admit" | Refusal {
    const admission = this.state.admission(nowMs);
    if (admission === "trip") {
      this.#open("tripped", 0, nowMs);
      return this.#advance(nowMs);
    }
    if (admission === "probe") {
      const halfOpen = new HalfOpenState(nowMs, this.state.failure, this.settings);
      this.#change(halfOpen, "open-time-over", nowMs);
      return "admit";
    }
    return admission;
  }

  #letIn(nowMs: number, wouldReject: boolean): Permit {
    this.inFlight += 1;
    const { state, generation } = this;
    const probes = state.kind === CircuitState.HalfOpen && !wouldReject;
    const lease = probes ? state.lease(nowMs) : undefined;
    const startedMs = this.timesCalls ? nowMs : Number.NaN;
    return new Permit(this, generation, lease, startedMs, wouldReject);
  }

  #reject(reason: RejectionReason, retryAfterMs: number | undefined): RefusedCall {
    this.rejectedCount += 1;
    const rejection: Rejection = {
      breakerName: this.name,
      state: this.visibleState,
      reason,
      retryAfterMs,
      generation: this.generation,
      cause: this.state.failure,
      isolationReason: this.isolationReason,
    };
    const refused = new RefusedCall(rejection, this.settings.captureRejectionStack);
    this.emitter?.enqueue("rejected", { breakerName: this.name, error: refused.error });
    return refused;
  }

  #giveBack({ lease }: Permit): void {
    this.inFlight -= 1;
    if (lease !== undefined && this.state.kind === CircuitState.HalfOpen) {
      this.state.giveBack(lease);
    }
  }

  /** What a success or failure of this generation means for the state. */
  #judge(settlement: Settlement, durationMs: number | undefined): void {
    const { outcome, error } = settlement;
    // An open circuit lets nobody in, so no outcome belongs to the generation of one.
    const state = this.state as ClosedState | HalfOpenState;
    const { slowCallMs } = this.settings.trip;
    const failed = outcome === "failure";
    const slow = slowCallMs !== undefined && Number(durationMs) >= slowCallMs;
    if (failed) state.failure = error;
    const retryAfterMs = settlement.retryAfterMs ?? 0;
    if (state.kind === CircuitState.Closed) {
      const { policy } = state;
      const nowMs = policy.needsTime ? this.settings.clock.now() : Number.NaN;
      const trips = failed ? policy.failure(nowMs, slow) : policy.success(nowMs, slow);
      if (failed && settlement.openNow) this.#open("opened-at-once", retryAfterMs);
      else if (trips) this.#open("tripped", retryAfterMs);
    } else if (failed) {
      this.#open("probe-failed", retryAfterMs);
    } else if (slow) {
      this.#open("probe-slow", 0);
    } else if (state.success()) {
      const nowMs = this.settings.clock.now();
      this.#change(this.#closed(nowMs), "probe-succeeded", nowMs);
    }
  }

  #closed(nowMs: number): ClosedState {
    return new ClosedState(nowMs, this.settings.trip.newPolicy());
  }

  /** The same state in a new generation: a half-open circuit probes anew, others go on. */
  #renewed(nowMs: number): State {
    const { state } = this;
    if (state.kind !== CircuitState.HalfOpen) return state;
    return new HalfOpenState(nowMs, state.failure, this.settings);
  }

  #open(reason: StateChangeReason, retryAfterMs: number, nowMs = this.settings.clock.now()): void {
    const { state, settings } = this;
    const chance = settings.openTimeJitter === 0 ? 0 : settings.random();
    const openMs = this.#openMs(nowMs, retryAfterMs, chance);
    this.#openings = openingsInARow(this.#openings, state, nowMs, settings);
    this.#change(new OpenState(nowMs, nowMs + openMs, state.failure), reason, nowMs);
  }

  /** How long the circuit would stay open if it opened now. */
  #openMs(nowMs: number, retryAfterMs: number, chance: number): number {
    const openings = openingsInARow(this.#openings, this.state, nowMs, this.settings);
    return openTimeMs(openings, retryAfterMs, chance, this.settings);
  }

  /** Begins a generation; listeners are to hear of it if what they can see has changed. */
  #change(
    next: State,
    reason: StateChangeReason,
    nowMs: number,
    control: Control = this.control,
  ): void {
    const { visibleState: from, control: before } = this;
    this.generation += 1;
    this.state = next;
    this.control = control;
    const to = this.visibleState;
    if (from !== to) this.stateChanges += 1;
    if (this.emitter === undefined || (from === to && before === control)) return;
    const open = next.kind === CircuitState.Open ? next : undefined;
    this.emitter.enqueue("stateChange", {
      breakerName: this.name,
      from,
      to,
      control,
      reason,
      generation: this.generation,
      retryAfterMs: open && Math.max(0, open.untilMs - nowMs),
      error: open?.failure,
    });
  }

  #enqueueOutcome(
    event: Outcome | "late",
    generation: number,
    { outcome, error }: Settlement,
    durationMs: number | undefined,
  ): void {
    if (!this.emitter?.hearsOutcomes) return;
    this.emitter.enqueue(event, { breakerName: this.name, outcome, generation, durationMs, error });
  }
}
