/** The state of one circuit and how it goes over into another, whatever the reason. */

import { CircuitState } from "../circuit-state.js";
import type { Control, Emitter, StateChangeReason } from "../events.js";
import type { Settings } from "../options.js";
import { remainingMs } from "../remaining.js";
import { ClosedState } from "./closed.js";
import { HalfOpenState } from "./half-open.js";
import { OpenState } from "./open.js";
import { openingsInARow, openTimeMs } from "./open-time.js";
import type { State } from "./state.js";

/** The reasons of the circuits that are isolated now. Few are; a field would cost each idle one a word. */
const ISOLATION_REASONS = new WeakMap<Circuit, string>();

/** One circuit, without the rules of when it changes. Each change begins a generation. */
export class Circuit {
  readonly name: string;
  readonly settings: Settings;
  state: State;
  control: Control = "automatic";
  generation = 1;
  stateChanges = 0;
  emitter: Emitter | undefined = undefined;
  #openings = 0;

  constructor(name: string, settings: Settings) {
    this.name = name;
    this.settings = settings;
    // A whole number takes no object of its own. Of a circuit that never opened only the age is read.
    this.state = newClosed(settings, Math.floor(settings.clock.now()));
  }

  /** The state that everybody sees: isolated reads open, disabled closed. */
  get visibleState(): CircuitState {
    return this.control === "isolated" ? CircuitState.Open : this.state.kind;
  }

  /** The text given to `isolate`, while isolated. */
  get isolationReason(): string | undefined {
    return ISOLATION_REASONS.get(this);
  }

  set isolationReason(reason: string | undefined) {
    if (reason === undefined) ISOLATION_REASONS.delete(this);
    else ISOLATION_REASONS.set(this, reason);
  }

  /**
   * Opens a circuit that is closed or half-open.
   *
   * @param readMs The time at which a policy found that it must open: at a later one, a window holds
   * less than what tripped. NaN when none was read.
   */
  protected open(reason: StateChangeReason, readMs = Number.NaN): void {
    const { state, settings } = this;
    const nowMs = Number.isNaN(readMs) ? settings.clock.now() : readMs;
    const chance = settings.openTimeJitter === 0 ? 0 : settings.random();
    const openMs = this.openMsAt(nowMs, chance);
    // Listeners are given the same object that metrics keep.
    const counted = Object.freeze(state.counted(nowMs));
    this.#openings = openingsInARow(this.#openings, state, nowMs, settings);
    this.change(new OpenState(nowMs, nowMs + openMs, counted, state.failure), reason, nowMs);
  }

  /** Lets an open circuit probe. */
  protected halfOpen(nowMs: number): void {
    this.change(newHalfOpen(this, nowMs), "open-time-over", nowMs);
  }

  /** Closes the circuit with an empty window, under the control given. */
  protected close(reason: StateChangeReason, nowMs: number, control = this.control): void {
    this.change(newClosed(this.settings, nowMs), reason, nowMs, control);
  }

  /** Keeps the state under another control: a half-open circuit probes anew, others go on. */
  protected keep(reason: StateChangeReason, nowMs: number, control: Control): void {
    const { state } = this;
    const probes = state.kind === CircuitState.HalfOpen;
    const next = probes ? newHalfOpen(this, nowMs) : state;
    this.change(next, reason, nowMs, control);
  }

  /** Lets the next opening be as short as the first. */
  protected forgetGrowth(): void {
    this.#openings = 0;
  }

  /**
   * How long a closed or half-open circuit would stay open if it opened at `nowMs`.
   *
   * @param chance From 0 to 1, how much of the jitter to add.
   */
  protected openMsAt(nowMs: number, chance: number): number {
    const { state, settings } = this;
    const openings = openingsInARow(this.#openings, state, nowMs, settings);
    const quietMs = (state.failure?.quietUntilMs ?? nowMs) - nowMs;
    return openTimeMs(openings, quietMs, chance, settings);
  }

  /**
   * Begins a generation; listeners are to hear of it if what they can see has changed. (No private
   * method: the first one of a class costs every idle breaker a word.)
   */
  protected change(
    next: State,
    reason: StateChangeReason,
    nowMs: number,
    control = this.control,
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
      retryAfterMs: open && remainingMs(open.untilMs, nowMs),
      error: open?.failure?.error,
      trip: open?.counted(),
    });
  }
}

function newHalfOpen({ state, settings }: Circuit, nowMs: number): HalfOpenState {
  return new HalfOpenState(nowMs, state.counted(nowMs), state.failure, settings);
}

function newClosed(settings: Settings, nowMs: number): ClosedState {
  return new ClosedState(nowMs, settings.trip.newPolicy());
}
