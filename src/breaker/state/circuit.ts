/** The state of one circuit and its transitions, without the rules that cause them. */

import { CircuitState } from "../circuit-state.js";
import type { Control, Emitter, StateChangeReason } from "../events.js";
import type { Settings } from "../options.js";
import { remainingMs } from "../rounded-times.js";
import { Tallies } from "../tallies.js";
import { ClosedState } from "./closed.js";
import { HalfOpenState } from "./half-open.js";
import { OpenState } from "./open.js";
import { openingsInARow, openTimeMs } from "./open-time.js";
import type { State } from "./state.js";

/**
 * The text given to `isolate`, for each circuit that is isolated now. The texts are in a map,
 * because a field would take memory in every circuit.
 */
const ISOLATION_REASONS = new WeakMap<Circuit, string>();

/** One circuit, without the rules that cause changes. Each change begins a new generation. */
export class Circuit {
  readonly name: string;
  readonly settings: Settings;
  state: State;
  control: Control = "automatic";
  generation = 1;
  /** Created by the first failure or state change, so that an idle breaker stays small. */
  #tallies: Tallies | undefined = undefined;
  emitter: Emitter | undefined = undefined;
  #openings = 0;

  constructor(name: string, settings: Settings) {
    this.name = name;
    this.settings = settings;
    // The time is rounded, because a whole number needs no heap object. The time is used only for
    // the age of a circuit that has never opened.
    this.state = newClosed(settings, Math.floor(settings.clock.now()));
  }

  /** The public state: an isolated circuit reads open, a disabled one closed. */
  get visibleState(): CircuitState {
    return this.control === "isolated" ? CircuitState.Open : this.state.kind;
  }

  /**
   * The counts of failures and state changes. Undefined before the first failure or state change.
   */
  get tallies(): Tallies | undefined {
    return this.#tallies;
  }

  /** The counts of failures and state changes, created on first use. */
  protected get ownTallies(): Tallies {
    this.#tallies ??= new Tallies();
    return this.#tallies;
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
   * @param readMs The time at which a trip policy decided to open, or NaN to read the clock. A
   * later time would drop failures from the window. The reported counts would then not explain why
   * the circuit opened.
   */
  protected open(reason: StateChangeReason, readMs = Number.NaN): void {
    const { state, settings } = this;
    const nowMs = Number.isNaN(readMs) ? settings.clock.now() : readMs;
    const chance = settings.openTimeJitter === 0 ? 0 : settings.random();
    const openMs = this.openMsAt(nowMs, chance);
    // The counts are frozen, because listeners and metrics share this object.
    const counted = Object.freeze(state.counted(nowMs));
    this.#openings = openingsInARow(this.#openings, state, nowMs, settings);
    this.change(new OpenState(nowMs, nowMs + openMs, counted, state.failure), reason, nowMs);
  }

  /** Makes an open circuit half-open. */
  protected halfOpen(nowMs: number): void {
    this.change(newHalfOpen(this, nowMs), "open-time-over", nowMs);
  }

  /** Closes the circuit with an empty window, under the given control. */
  protected close(reason: StateChangeReason, nowMs: number, control = this.control): void {
    this.change(newClosed(this.settings, nowMs), reason, nowMs, control);
  }

  /** Changes only the control. A half-open circuit starts its probes again. */
  protected keep(reason: StateChangeReason, nowMs: number, control: Control): void {
    const { state } = this;
    const probes = state.kind === CircuitState.HalfOpen;
    const next = probes ? newHalfOpen(this, nowMs) : state;
    this.change(next, reason, nowMs, control);
  }

  /** Resets the growth, so that the next open time is as short as the first. */
  protected forgetGrowth(): void {
    this.#openings = 0;
  }

  /**
   * Returns how long a closed or half-open circuit would stay open if it opened at `nowMs`.
   *
   * @param chance From 0 to 1: the share of the jitter to add.
   */
  protected openMsAt(nowMs: number, chance: number): number {
    const { state, settings } = this;
    const openings = openingsInARow(this.#openings, state, nowMs, settings);
    const quietMs = (state.failure?.quietUntilMs ?? nowMs) - nowMs;
    return openTimeMs(openings, quietMs, chance, settings);
  }

  /**
   * Begins a new generation, and queues an event if the visible state or the control changed.
   *
   * This is not a `#` method, because a class with a `#` method takes more memory in every object.
   */
  protected change(
    next: State,
    reason: StateChangeReason,
    nowMs: number,
    control = this.control,
  ): void {
    const { visibleState: from, control: before, state, ownTallies } = this;
    if (from === CircuitState.Open && next !== state) {
      ownTallies.openTimeMs += Math.max(0, nowMs - state.sinceMs);
    }
    this.generation += 1;
    this.state = next;
    this.control = control;
    const to = this.visibleState;
    if (from !== to) ownTallies.addTransition(from, to, reason);
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
