/** The state and the counters of a breaker, as plain data. */

import { CircuitState } from "./circuit-state.js";
import type { Control } from "./events.js";
import type { Machine } from "./machine.js";
import { ageMs } from "./rounded-times.js";
import type { FailureCount, TransitionCount } from "./tallies.js";
import type { TripSnapshot } from "./trip/trip-policy.js";

/** Counters since the breaker was created. They never decrease. */
export interface CallCounts {
  /** Calls that succeeded in the generation that admitted them. */
  readonly successCount: number;
  /** Calls that failed in the generation that admitted them. */
  readonly failureCount: number;
  /** Calls whose outcome shows nothing about the upstream's health. */
  readonly ignoredCount: number;
  /**
   * Calls that settled after their generation had ended. They changed neither the state nor the
   * window.
   */
  readonly lateCount: number;
  /** Rejected calls. */
  readonly rejectedCount: number;
  /** Calls admitted under `observe` that an automatic breaker would have rejected. */
  readonly wouldRejectCount: number;
  /** The number of changes of `state`. */
  readonly stateChanges: number;
}

/** A snapshot of a breaker. */
export interface CircuitBreakerMetrics {
  readonly name: string;
  readonly state: CircuitState;
  readonly control: Control;
  /**
   * The number of the current generation. It increases with every state change and every change of
   * the manual control.
   */
  readonly generation: number;
  /** Admitted calls that have not settled. */
  readonly inFlightCount: number;
  /** Whole milliseconds spent in this state. */
  readonly stateAgeMs: number;
  /**
   * Whole milliseconds until the circuit probes. 0 when it admits calls, undefined when isolated.
   */
  readonly retryAfterMs: number | undefined;
  /** The text given to `isolate`, while isolated. */
  readonly isolationReason: string | undefined;
  /**
   * The counts of the trip policy. While open, the counts at the last change from closed to open.
   * Undefined when half-open or isolated.
   */
  readonly trip: TripSnapshot | undefined;
  readonly metrics: CallCounts;
  /**
   * The failures of `failureCount` by kind. At most 32 kinds are listed; `"_OTHER"` counts the
   * rest.
   */
  readonly failures: readonly FailureCount[];
  /** The changes of `stateChanges` by states and reason. */
  readonly transitions: readonly TransitionCount[];
  /** Whole milliseconds for which `state` was open, including isolation. Never decreases. */
  readonly openTimeMs: number;
}

/** Returns a snapshot of the breaker. Changes nothing. */
export function metricsOf(machine: Machine): CircuitBreakerMetrics {
  const { state, visibleState, tallies } = machine;
  const nowMs = machine.settings.clock.now();
  const isolated = machine.control === "isolated";
  const openSinceMs = visibleState === CircuitState.Open ? Math.max(0, nowMs - state.sinceMs) : 0;
  return {
    name: machine.name,
    state: visibleState,
    control: machine.control,
    generation: machine.generation,
    inFlightCount: machine.inFlight,
    stateAgeMs: ageMs(state.sinceMs, nowMs),
    retryAfterMs: machine.check().retryAfterMs,
    isolationReason: machine.isolationReason,
    trip: state.kind === CircuitState.HalfOpen || isolated ? undefined : state.counted(nowMs),
    metrics: {
      successCount: machine.successCount,
      failureCount: machine.failureCount,
      ignoredCount: machine.ignoredCount,
      lateCount: machine.lateCount,
      rejectedCount: machine.rejectedCount,
      wouldRejectCount: machine.wouldRejectCount,
      stateChanges: tallies?.stateChanges ?? 0,
    },
    failures: tallies?.failures ?? [],
    transitions: tallies?.transitions ?? [],
    openTimeMs: ageMs(0, (tallies?.openTimeMs ?? 0) + openSinceMs),
  };
}
