/**
 * Holds the time, the changing state and the list of changes while one command is applied to one
 * circuit.
 */

import type { CircuitState } from "../../breaker/circuit-state.js";
import type { CircuitRecord } from "./record.js";
import { addSecond, addTotals, movedRecord, NO_RECORD, secondOf } from "./record.js";
import type { FleetChange, FleetChangeReason } from "./reply.js";
import { type ClosedPhase, type FleetState, openForMs, type Reporter } from "./state.js";
import { talliesOfChange } from "./tally.js";

/** The details of a change, besides the states before and after it. */
export type ChangeDetail = Partial<Pick<FleetChange, "forMs" | "by" | "owner" | "note">>;

/**
 * The difference in milliseconds above which a store's clock counts as set back, for example by a
 * failover. All times of the state are then shifted, so that a circuit does not stay open for
 * hours.
 */
const CLOCK_SET_MS = 1000;

/** The state of a circuit while one command changes it. */
export class Turn {
  state: FleetState;
  readonly nowMs: number;
  readonly changes: FleetChange[] = [];
  readonly #nowMicros: number;
  readonly #before: FleetState;

  /** @param nowMicros The store's clock in microseconds since 1970. */
  constructor(stored: FleetState | undefined, nowMicros: number) {
    const clockMs = Math.floor(nowMicros / 1000);
    this.#nowMicros = nowMicros;
    if (stored === undefined) this.state = newState(nowMicros, clockMs);
    else if (stored.nowMs - clockMs > CLOCK_SET_MS)
      this.state = moved(stored, clockMs - stored.nowMs);
    else this.state = stored;
    this.nowMs = Math.max(clockMs, this.state.nowMs);
    this.#before = this.state;
  }

  /** Replaces parts of the state, and keeps the present generation. */
  update(parts: Partial<FleetState>): void {
    this.state = { ...this.state, ...parts, nowMs: this.nowMs };
  }

  /**
   * Returns the counts for reports. They are empty if an older version of this package stored the
   * state.
   */
  get counted(): CircuitRecord {
    return this.state.record ?? NO_RECORD;
  }

  /** Adds sums to the counts for reports. */
  tally(sums: string): void {
    if (sums === "") return;
    this.record({ totals: addTotals(this.counted.totals, sums) });
  }

  /** Replaces parts of the counts for reports. */
  record(parts: Partial<CircuitRecord>): void {
    this.update({ record: { ...this.counted, ...parts } });
  }

  /**
   * Stores the totals at the end of the second in which the previous write happened. Does nothing
   * before that second is over, or if the present command writes nothing.
   */
  endSecond(): void {
    const { nowMs, counts } = this.#before;
    const second = secondOf(nowMs);
    const nowSecond = secondOf(this.state.nowMs);
    if (this.state === this.#before || second === nowSecond) return;
    this.record({ seconds: addSecond(this.counted.seconds, second, counts, nowSecond) });
  }

  /** Changes the state, begins a new generation, and adds the change to the list. */
  change(reason: FleetChangeReason, parts: Partial<FleetState>, detail: ChangeDetail = {}): void {
    this.tally(talliesOfChange(reason, openForMs(this.state, this.nowMs)));
    const from = visibleState(this.state);
    const generation = Math.max(this.state.generation + 1, this.#nowMicros);
    this.update({ ...parts, generation });
    const to = visibleState(this.state);
    const { failure } = this.state;
    const told = { forMs: null, by: null, owner: null, note: null, ...detail };
    this.changes.push({ atMs: this.nowMs, generation, reason, from, to, failure, ...told });
  }

  /** Closes the circuit with an empty window and without a failure. */
  close(reason: FleetChangeReason, parts: Partial<FleetState>, detail: ChangeDetail): void {
    this.change(reason, { ...parts, phase: newClosed(this.nowMs), failure: null }, detail);
  }

  /** Ends the isolation if its time is over. */
  endIsolation(): void {
    const { isolation } = this.state;
    if (isolation === null || isolation.untilMs > this.nowMs) return;
    this.close("isolation-over", { isolation: null }, { owner: isolation.owner });
  }

  /**
   * Returns the reporter that caused an opening. Without a given reporter, this is the reporter of
   * the last failure.
   */
  blame(reporter: Reporter | null): Reporter | null {
    return reporter ?? this.state.failure?.reporter ?? null;
  }
}

/** Returns the state that users see. An isolated circuit appears as open. */
export function visibleState({ isolation, phase }: FleetState): CircuitState {
  return isolation === null ? phase.kind : "open";
}

function newState(generation: number, nowMs: number): FleetState {
  const none = { successes: 0, failures: 0 };
  const seconds = addSecond("", secondOf(nowMs), none, secondOf(nowMs));
  return {
    generation,
    nowMs,
    phase: newClosed(nowMs),
    openings: 0,
    isolation: null,
    failure: null,
    counts: { ...none, late: 0 },
    record: { ...NO_RECORD, seconds },
  };
}

function newClosed(nowMs: number): ClosedPhase {
  return { kind: "closed", sinceMs: nowMs, second: null, row: [], reporters: [], quietUntilMs: 0 };
}

/** Returns the state with `byMs` added to all its times. A negative `byMs` moves them back. */
function moved(state: FleetState, byMs: number): FleetState {
  const { phase, isolation } = state;
  return {
    ...state,
    nowMs: state.nowMs + byMs,
    phase: movedPhase(phase, byMs),
    isolation: isolation && {
      ...isolation,
      sinceMs: isolation.sinceMs + byMs,
      untilMs: isolation.untilMs + byMs,
    },
    ...(state.record && { record: movedRecord(state.record, byMs) }),
  };
}

function movedPhase(phase: FleetState["phase"], byMs: number): FleetState["phase"] {
  const sinceMs = phase.sinceMs + byMs;
  if (phase.kind === "open") return { ...phase, sinceMs, untilMs: phase.untilMs + byMs };
  if (phase.kind === "half-open") {
    const leases = phase.leases.map(({ id, endMs }) => ({ id, endMs: endMs + byMs }));
    return { ...phase, sinceMs, leases };
  }
  return {
    ...phase,
    sinceMs,
    second: phase.second && { ...phase.second, startMs: phase.second.startMs + byMs },
    row: phase.row.map((startMs) => startMs + byMs),
    reporters: phase.reporters.map(({ id, atMs }) => ({ id, atMs: atMs + byMs })),
    quietUntilMs: phase.quietUntilMs === 0 ? 0 : phase.quietUntilMs + byMs,
  };
}
