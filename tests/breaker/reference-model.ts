/**
 * Models the breaker's rules in plain code. The model keeps every outcome and permit in lists, and derives
 * all results from the lists.
 */

import type { Control } from "../../src/breaker/events.js";
import type { Outcome } from "../../src/breaker/options.js";
import { snapshotOf, type TripRule, tripsNow, type WindowEntry } from "./reference-trip.js";

export interface ReferenceOptions {
  readonly trip: TripRule;
  readonly resetTimeoutMs: number;
  readonly maxOpenMs: number;
  readonly openTimeGrowthFactor: number;
  readonly openTimeJitter: number;
  readonly halfOpenMaxCalls: number;
  readonly halfOpenSuccessThreshold: number;
  readonly halfOpenProbeTimeoutMs: number;
}

/** The constant value that `random` returns in all schedules. */
export const CHANCE = 0.5;

export interface ReferencePermit {
  readonly generation: number;
  readonly takenMs: number;
  readonly isProbe: boolean;
  readonly wouldReject: boolean;
  settled: boolean;
}

export interface Refusal {
  readonly reason: "open" | "probing" | "isolated";
  readonly retryAfterMs: number | undefined;
}

export interface OutcomeDetail {
  readonly retryAfterMs?: number | undefined;
  readonly openNow?: boolean | undefined;
  readonly durationMs?: number | undefined;
}

type Phase =
  | { readonly state: "closed"; readonly sinceMs: number; readonly outcomes: WindowEntry[] }
  | { readonly state: "open"; readonly sinceMs: number; readonly untilMs: number }
  | { readonly state: "half-open"; readonly sinceMs: number; successes: number };

export class ReferenceModel {
  readonly #options: ReferenceOptions;
  readonly #permits: ReferencePermit[] = [];
  readonly counts = {
    successCount: 0,
    failureCount: 0,
    ignoredCount: 0,
    lateCount: 0,
    rejectedCount: 0,
    wouldRejectCount: 0,
    stateChanges: 0,
  };
  nowMs = 0;
  generation = 1;
  control: Control = "automatic";
  isolationReason: string | undefined = undefined;
  #phase: Phase = { state: "closed", sinceMs: 0, outcomes: [] };
  #openings = 0;
  /** The time since which `state` has returned its present value. */
  #readsSinceMs = 0;
  #pastOpenMs = 0;
  /** The counts at the last change from closed to open. */
  #trip: object | undefined = undefined;
  /** For each generation, the counts in the change that began the generation. */
  readonly trips = new Map<number, object | undefined>();
  /** Until when the upstream asked callers to wait. Failures before the circuit last closed do not count. */
  #quietUntilMs = 0;

  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  get state(): "closed" | "open" | "half-open" {
    return this.control === "isolated" ? "open" : this.#phase.state;
  }

  /** For how long `state` has been open, in total. */
  get openTimeMs(): number {
    return this.#pastOpenMs + (this.state === "open" ? this.nowMs - this.#readsSinceMs : 0);
  }

  get outstanding(): number {
    return this.#permits.filter((permit) => !permit.settled).length;
  }

  /** The probes of the present generation that still hold a slot. */
  get liveProbes(): ReferencePermit[] {
    const { halfOpenProbeTimeoutMs } = this.#options;
    return this.#permits.filter(
      (permit) =>
        permit.isProbe &&
        !permit.settled &&
        permit.generation === this.generation &&
        permit.takenMs + halfOpenProbeTimeoutMs > this.nowMs,
    );
  }

  /** Returns what a caller would get now: an admission, or the reason of a rejection. */
  ask(): { admits: boolean; reason: Refusal["reason"] | undefined; retryAfterMs?: number } {
    const admitted = { admits: true, reason: undefined, retryAfterMs: 0 };
    if (this.control === "disabled") return admitted;
    const due = this.#isDue() && this.control !== "isolated";
    const retryAfterMs = due ? toldMs(this.#openMs(0)) : 0;
    const refusal = due ? ({ reason: "open", retryAfterMs } as const) : null;
    const answer = refusal ?? this.#refusal();
    if (answer === undefined) return admitted;
    return { admits: this.control === "observe", ...answer } as ReturnType<typeof this.ask>;
  }

  admit(): ReferencePermit | Refusal {
    if (this.control !== "isolated" && this.control !== "disabled") {
      if (this.#isDue()) this.#open();
      if (this.#phase.state === "open" && this.nowMs >= this.#phase.untilMs) {
        this.#enter({ state: "half-open", sinceMs: this.nowMs, successes: 0 });
      }
    }
    const refusal = this.control === "disabled" ? undefined : this.#refusal();
    if (refusal !== undefined && this.control !== "observe") {
      this.counts.rejectedCount += 1;
      return refusal;
    }
    if (refusal !== undefined) this.counts.wouldRejectCount += 1;
    const permit = {
      generation: this.generation,
      takenMs: this.nowMs,
      isProbe: this.#phase.state === "half-open" && refusal === undefined,
      wouldReject: refusal !== undefined,
      settled: false,
    };
    this.#permits.push(permit);
    return permit;
  }

  settle(permit: ReferencePermit, outcome: Outcome | "release", detail: OutcomeDetail = {}): void {
    if (permit.settled) return;
    permit.settled = true;
    if (permit.wouldReject || outcome === "release") return;
    const durationMs = detail.durationMs ?? this.nowMs - permit.takenMs;
    this.#count(permit.generation, outcome, { ...detail, durationMs });
  }

  record(outcome: Outcome, generation: number, durationMs: number | undefined): void {
    if (this.state === "closed") this.#count(generation, outcome, { durationMs });
    else this.counts.lateCount += 1;
  }

  steer(control: Control, isolationReason?: string): void {
    const machineRuns = this.control === "automatic" || this.control === "observe";
    if (control === "automatic") this.#openings = 0;
    this.isolationReason = isolationReason;
    if (machineRuns && control === "observe") {
      const phase = this.#phase;
      const renewed = { state: "half-open", sinceMs: this.nowMs, successes: 0 } as const;
      this.#enter(phase.state === "half-open" ? renewed : phase, control);
    } else {
      this.#close(control);
    }
  }

  reset(): void {
    this.#openings = 0;
    this.#close(this.control);
  }

  /** Returns the expected result of `getMetrics`. */
  metrics(name: string): object {
    const phase = this.#phase;
    const counting = phase.state === "closed" && this.control !== "isolated";
    return {
      name,
      state: this.state,
      control: this.control,
      generation: this.generation,
      inFlightCount: this.outstanding,
      stateAgeMs: this.nowMs - phase.sinceMs,
      retryAfterMs: this.ask().retryAfterMs,
      isolationReason: this.isolationReason,
      trip: counting ? snapshotOf(this.#options.trip, phase.outcomes, this.nowMs) : this.#tripNow,
      metrics: this.counts,
    };
  }

  get #tripNow(): object | undefined {
    return this.#phase.state === "open" ? this.#trip : undefined;
  }

  /** Returns whether the bad seconds so far would make the next admission open the circuit. */
  #isDue(): boolean {
    const { trip } = this.#options;
    const phase = this.#phase;
    return (
      phase.state === "closed" &&
      trip.badSeconds !== undefined &&
      tripsNow(trip, phase.outcomes, this.nowMs)
    );
  }

  #refusal(): Refusal | undefined {
    if (this.control === "isolated") return { reason: "isolated", retryAfterMs: undefined };
    const phase = this.#phase;
    if (phase.state === "open" && this.nowMs < phase.untilMs) {
      return { reason: "open", retryAfterMs: toldMs(phase.untilMs - this.nowMs) };
    }
    if (phase.state !== "half-open") return undefined;
    const ends = this.liveProbes.map((p) => p.takenMs + this.#options.halfOpenProbeTimeoutMs);
    if (ends.length < this.#options.halfOpenMaxCalls) return undefined;
    return { reason: "probing", retryAfterMs: toldMs(Math.min(...ends) - this.nowMs) };
  }

  #count(generation: number, outcome: Outcome, detail: OutcomeDetail): void {
    if (generation !== this.generation) {
      this.counts.lateCount += 1;
      return;
    }
    this.counts[`${outcome}Count`] += 1;
    if (outcome === "ignored" || this.control === "disabled") return;
    const { trip, halfOpenSuccessThreshold } = this.#options;
    const failed = outcome === "failure";
    const slow = (detail.durationMs ?? 0) >= (trip.slowCallMs ?? Number.POSITIVE_INFINITY);
    if (failed) this.#quietUntilMs = this.nowMs + (detail.retryAfterMs ?? 0);
    const phase = this.#phase;
    if (phase.state === "closed") {
      phase.outcomes.push({ atMs: this.nowMs, failed, slow });
      const atOnce = failed && detail.openNow === true;
      if (atOnce || tripsNow(trip, phase.outcomes, this.nowMs)) this.#open();
    } else if (phase.state === "half-open") {
      if (failed || slow) this.#open();
      else if (++phase.successes >= halfOpenSuccessThreshold) this.#close(this.control);
    } else {
      throw new Error("an outcome of the generation of an open circuit");
    }
  }

  #close(control: Control): void {
    this.#quietUntilMs = 0;
    this.#enter({ state: "closed", sinceMs: this.nowMs, outcomes: [] }, control);
  }

  #open(): void {
    const phase = this.#phase;
    if (phase.state === "closed") {
      this.#trip = snapshotOf(this.#options.trip, phase.outcomes, this.nowMs);
    }
    const untilMs = this.nowMs + this.#openMs(CHANCE);
    this.#openings = this.#nextOpening();
    this.#enter({ state: "open", sinceMs: this.nowMs, untilMs });
  }

  /** Returns how much longer the upstream asked callers to wait. */
  #quietMs(): number {
    return Math.max(0, this.#quietUntilMs - this.nowMs);
  }

  #nextOpening(): number {
    const { state, sinceMs } = this.#phase;
    const recovered = state === "closed" && this.nowMs - sinceMs >= this.#options.resetTimeoutMs;
    return recovered ? 1 : this.#openings + 1;
  }

  #openMs(chance: number): number {
    const { resetTimeoutMs, openTimeGrowthFactor, openTimeJitter, maxOpenMs } = this.#options;
    let openMs = resetTimeoutMs;
    for (let opening = 1; opening < this.#nextOpening(); opening++) openMs *= openTimeGrowthFactor;
    openMs = Math.max(openMs, this.#quietMs());
    openMs *= 1 + openTimeJitter * chance;
    return Math.min(openMs, maxOpenMs);
  }

  #enter(phase: Phase, control: Control = this.control): void {
    const before = this.state;
    this.#phase = phase;
    this.control = control;
    this.generation += 1;
    this.trips.set(this.generation, this.#tripNow);
    if (this.state === before) return;
    this.counts.stateChanges += 1;
    if (before === "open") this.#pastOpenMs += this.nowMs - this.#readsSinceMs;
    this.#readsSinceMs = this.nowMs;
  }
}

/**
 * Rounds a remaining time up to whole milliseconds. Parts of a microsecond are rounding errors, so they do
 * not count.
 */
function toldMs(ms: number): number {
  return Math.ceil(Number(ms.toFixed(3)));
}
