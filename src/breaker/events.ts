/** The events of a breaker, delivered in order, after the change, and without harm to anybody. */

import { announceOnce, announceRejection, isThenable } from "./announce.js";
import type { CircuitState } from "./circuit-state.js";
import type { CircuitBreakerOpenError } from "./errors.js";
import type { Outcome } from "./options.js";
import type { TripSnapshot } from "./trip/trip-policy.js";

/** How a breaker is steered by hand: see `isolate`, `observe`, `disable` and `release`. */
export type Control = "automatic" | "observe" | "isolated" | "disabled";

/** Why a circuit changed. */
export type StateChangeReason =
  /** The trip policy had counted enough. */
  | "tripped"
  /** A failure asked for it (`openNow`), as a rate limit does. */
  | "opened-at-once"
  /** The open time was over and a call arrived. */
  | "open-time-over"
  | "probe-succeeded"
  | "probe-failed"
  /** A probe succeeded but took longer than `slowCallMs`. */
  | "probe-slow"
  /** Somebody called the method of that name. */
  | "isolate"
  | "observe"
  | "disable"
  | "release"
  | "reset";

/** The state or the control of a breaker changed. */
export interface StateChangeEvent {
  readonly breakerName: string;
  readonly from: CircuitState;
  /** Equal to `from` when only the control changed. */
  readonly to: CircuitState;
  readonly control: Control;
  readonly reason: StateChangeReason;
  /** The generation that begins. */
  readonly generation: number;
  /** Milliseconds until the circuit probes, when it is open by itself. */
  readonly retryAfterMs: number | undefined;
  /** The last failure before the circuit opened, when it is open by itself and there is one. */
  readonly error: unknown;
  /**
   * What the trip policy had counted when the circuit opened, when it is open by itself. A circuit
   * that a probe has opened again still carries what opened it out of closed.
   */
  readonly trip: TripSnapshot | undefined;
}

/** A call settled. */
export interface OutcomeEvent {
  readonly breakerName: string;
  readonly outcome: Outcome;
  /** The generation in which the call was admitted. */
  readonly generation: number;
  /** Undefined when nothing listened and no policy timed the call when it began. */
  readonly durationMs: number | undefined;
  /** What the call failed with, if it did. */
  readonly error: unknown;
}

/** A call was refused. */
export interface RejectedEvent {
  readonly breakerName: string;
  readonly error: CircuitBreakerOpenError;
}

/** The events of a breaker by name. */
export interface CircuitBreakerEvents {
  readonly stateChange: StateChangeEvent;
  readonly success: OutcomeEvent;
  readonly failure: OutcomeEvent;
  readonly ignored: OutcomeEvent;
  /** An outcome of an earlier generation, which changed nothing. */
  readonly late: OutcomeEvent;
  readonly rejected: RejectedEvent;
}

/** The names of the events. */
export const EVENT_NAMES = [
  "stateChange",
  "success",
  "failure",
  "ignored",
  "late",
  "rejected",
] as const satisfies readonly (keyof CircuitBreakerEvents)[];

/** Hears an event. What it throws or rejects with harms neither the call nor the breaker. */
export type Listener<E> = (event: E) => unknown;

const OUTCOME_EVENTS: ReadonlySet<PropertyKey> = new Set(["success", "failure", "ignored", "late"]);

/** A listener as it was added: an entry of its own, so that one function may be added twice. */
interface Entry {
  readonly listener: Listener<never>;
}

/** What is to be told to whom. */
interface Delivery {
  readonly entry: Entry;
  /** Where the entry stands, as long as nobody took it off. */
  readonly entries: ReadonlySet<Entry>;
  readonly event: object;
}

const A_LISTENER = "a listener";

/** The listeners of one breaker, or of what has events `E`, and those that wait for their turn. */
export class Emitter<E extends { readonly [K in keyof E]: object } = CircuitBreakerEvents> {
  readonly #entries = new Map<keyof E, Set<Entry>>();
  readonly #ownerName: string;
  #outcomeListeners = 0;
  readonly #waiting: Delivery[] = [];
  #delivering = false;

  /** @param ownerName How warnings name the owner. */
  constructor(ownerName: string) {
    this.#ownerName = ownerName;
  }

  /** Whether somebody hears of single calls, and not of changes and rejections only. */
  get hearsOutcomes(): boolean {
    return this.#outcomeListeners > 0;
  }

  /** Whether somebody listens to that event. */
  hears(name: keyof E): boolean {
    return (this.#entries.get(name)?.size ?? 0) > 0;
  }

  /** Adds a listener and returns how to take it off; the same function may be added twice. */
  on<N extends keyof E>(name: N, listener: Listener<E[N]>): () => void {
    const entry = { listener };
    const hears = OUTCOME_EVENTS.has(name) ? 1 : 0;
    this.#outcomeListeners += hears;
    const entries = this.#entries.get(name) ?? new Set();
    entries.add(entry);
    this.#entries.set(name, entries);
    return () => {
      if (entries.delete(entry)) this.#outcomeListeners -= hears;
    };
  }

  /** Puts an event in the queue for the listeners of this moment. */
  enqueue<N extends keyof E>(name: N, event: E[N]): void {
    const entries = this.#entries.get(name);
    if (entries === undefined) return;
    for (const entry of entries) this.#waiting.push({ entry, entries, event });
  }

  /**
   * Delivers the queue. To be called when a change is complete: listeners may call the breaker. What
   * they cause is delivered after the rest, so that all hear everything in the order in which it
   * happened.
   */
  deliver(): void {
    const waiting = this.#waiting;
    if (this.#delivering || waiting.length === 0) return;
    this.#delivering = true;
    // The queue grows while it is delivered, when a listener causes an event.
    for (const delivery of waiting) this.#tell(delivery);
    waiting.length = 0;
    this.#delivering = false;
  }

  #tell({ entry, entries, event }: Delivery): void {
    // Another listener may have taken it off meanwhile.
    if (!entries.has(entry)) return;
    try {
      const answer = entry.listener(event as never);
      if (isThenable(answer)) announceRejection(this, this.#ownerName, A_LISTENER, answer);
    } catch (error) {
      announceOnce(this, this.#ownerName, A_LISTENER, error);
    }
  }
}
