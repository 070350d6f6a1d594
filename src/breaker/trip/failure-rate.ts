/**
 * A trip policy that opens the circuit if the share of failed or slow calls in a window reaches its
 * threshold.
 */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

/** The totals of a window of calls. */
export interface WindowTotals {
  calls: number;
  failures: number;
  slowCalls: number;
}

/** A window that drops old calls by itself. The cost for each call is constant. */
export interface CallWindow {
  readonly needsTime: boolean;
  /** Counts one call and returns the new totals. */
  add(nowMs: number, failed: boolean, slow: boolean): Readonly<WindowTotals>;
  /** Returns the totals at `nowMs`. Changes nothing. */
  totals(nowMs: number): Readonly<WindowTotals>;
}

/** The thresholds at which the circuit opens. */
export interface RateThresholds {
  readonly failureRate: number;
  /** While the window holds fewer calls, the circuit never opens. */
  readonly minimumCalls: number;
  /**
   * The share of slow calls that opens the circuit. A value above 1 means that slow calls never
   * open the circuit.
   */
  readonly slowCallRate: number;
}

/**
 * A policy that compares the rates with the thresholds after every outcome. A success can also open
 * the circuit, because it may complete `minimumCalls`.
 */
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

  get countsSuccesses(): boolean {
    return true;
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
