/** Opens when too large a share of the calls in a window failed, or was slow. */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

/** What a window of calls holds. */
export interface WindowTotals {
  calls: number;
  failures: number;
  slowCalls: number;
}

/** A window that forgets old calls by itself, at constant cost for each call. */
export interface CallWindow {
  readonly needsTime: boolean;
  /** Counts one call and returns what the window holds then. */
  add(nowMs: number, failed: boolean, slow: boolean): Readonly<WindowTotals>;
  /** What the window holds at `nowMs`. Changes nothing. */
  totals(nowMs: number): Readonly<WindowTotals>;
}

/** From which shares on the circuit opens. */
export interface RateThresholds {
  readonly failureRate: number;
  /** How many calls the window must hold before its shares mean anything. */
  readonly minimumCalls: number;
  /** Above 1 when slow calls never open the circuit. */
  readonly slowCallRate: number;
}

/** Judges the shares at every outcome: a success too can complete the minimum of calls. */
export class FailureRateTrip implements TripPolicy {
  readonly #window: CallWindow;
  readonly #thresholds: RateThresholds;

  constructor(window: CallWindow, thresholds: RateThresholds) {
    this.#window = window;
    this.#thresholds = thresholds;
  }

  get needsTime(): boolean {
    return this.#window.needsTime;
  }

  get judgesAtAdmission(): boolean {
    return false;
  }

  success(nowMs: number, slow: boolean): boolean {
    return this.#judge(this.#window.add(nowMs, false, slow));
  }

  failure(nowMs: number, slow: boolean): boolean {
    return this.#judge(this.#window.add(nowMs, true, slow));
  }

  isDue(): boolean {
    return false;
  }

  snapshot(nowMs: number): TripSnapshot {
    return { policy: "failureRate", ...this.#window.totals(nowMs) };
  }

  #judge({ calls, failures, slowCalls }: Readonly<WindowTotals>): boolean {
    const { minimumCalls, failureRate, slowCallRate } = this.#thresholds;
    if (calls < minimumCalls) return false;
    return failures / calls >= failureRate || slowCalls / calls >= slowCallRate;
  }
}
