/**
 * The events of a breaker. They are delivered in order, after the change. A listener that fails
 * affects no call.
 */

import { announceOnce, announceRejection, isThenable } from "./announce.js";
import type { CircuitState } from "./circuit-state.js";
import type { CircuitBreakerOpenError } from "./errors.js";
import type { Outcome } from "./options.js";
import type { TripSnapshot } from "./trip/trip-policy.js";

/**
 * The manual control of a breaker. The methods `isolate`, `observe`, `disable` and `release` change
 * it.
 */
export type Control = "automatic" | "observe" | "isolated" | "disabled";

/** The reason for a state change. */
export type StateChangeReason =
  /** The trip policy reached its threshold. */
  | "tripped"
  /** A failure set `openNow`, for example a rate limit. */
  | "opened-at-once"
  /** The open time was over when a call arrived. */
  | "open-time-over"
  | "probe-succeeded"
  | "probe-failed"
  /** A probe succeeded but took longer than `slowCallMs`. */
  | "probe-slow"
  /** The method of the same name was called, such as `isolate`. */
  | "isolate"
  | "observe"
  | "disable"
  | "release"
  | "reset";

/** A change of the state or the control of a breaker. */
export interface StateChangeEvent {
  readonly breakerName: string;
  readonly from: CircuitState;
  /** The state after the change. Equal to `from` if only the control changed. */
  readonly to: CircuitState;
  readonly control: Control;
  readonly reason: StateChangeReason;
  /** The generation that begins with this change. */
  readonly generation: number;
  /** Whole milliseconds until the circuit probes. Set only when the breaker opened by itself. */
  readonly retryAfterMs: number | undefined;
  /** The last failure before the circuit opened. Set only when the breaker opened by itself. */
  readonly error: unknown;
  /**
   * The counts of the trip policy at the last change from closed to open. A failed probe does not
   * change these counts. Set only when the breaker opened by itself.
   */
  readonly trip: TripSnapshot | undefined;
}

/** A settled call. */
export interface OutcomeEvent {
  readonly breakerName: string;
  readonly outcome: Outcome;
  /** The generation in which the call was admitted. */
  readonly generation: number;
  /**
   * The duration in milliseconds. Undefined if no listener and no policy needed it when the call
   * began.
   */
  readonly durationMs: number | undefined;
  /** The error of the call, if it failed. */
  readonly error: unknown;
}

/** A rejected call. */
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
  /** An outcome of an earlier generation. It changed neither the state nor the window. */
  readonly late: OutcomeEvent;
  readonly rejected: RejectedEvent;
}

export const EVENT_NAMES = [
  "stateChange",
  "success",
  "failure",
  "ignored",
  "late",
  "rejected",
] as const satisfies readonly (keyof CircuitBreakerEvents)[];

/** A listener for events. If it throws or rejects, neither the call nor the breaker is affected. */
export type Listener<E> = (event: E) => unknown;

const OUTCOME_EVENTS: ReadonlySet<PropertyKey> = new Set(["success", "failure", "ignored", "late"]);

/** The entry of one added listener. A function that was added twice has two entries. */
interface Entry {
  readonly listener: Listener<never>;
}

/** An event that waits for delivery to one listener. */
interface Delivery {
  readonly entry: Entry;
  /** The set that contains the entry until the listener is removed. */
  readonly entries: ReadonlySet<Entry>;
  readonly event: object;
}

const A_LISTENER = "a listener";

/** The listeners of one owner, and the queue of events for them. */
export class Emitter<E extends { readonly [K in keyof E]: object } = CircuitBreakerEvents> {
  readonly #entries = new Map<keyof E, Set<Entry>>();
  readonly #ownerName: string;
  #outcomeListeners = 0;
  readonly #waiting: Delivery[] = [];
  #delivering = false;

  /** @param ownerName The name of the owner in warnings. */
  constructor(ownerName: string) {
    this.#ownerName = ownerName;
  }

  /** Whether any listener receives events of single calls, such as `success`. */
  get hearsOutcomes(): boolean {
    return this.#outcomeListeners > 0;
  }

  hears(name: keyof E): boolean {
    return (this.#entries.get(name)?.size ?? 0) > 0;
  }

  /**
   * Adds a listener and returns a function that removes it. The same function may be added twice.
   */
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

  /** Queues an event for the current listeners. */
  enqueue<N extends keyof E>(name: N, event: E[N]): void {
    const entries = this.#entries.get(name);
    if (entries === undefined) return;
    for (const entry of entries) this.#waiting.push({ entry, entries, event });
  }

  /**
   * Delivers the queued events. Call this method when a change is complete, because listeners may
   * call the breaker.
   *
   * An event that a listener causes goes to the end of the queue, so all listeners see the same
   * order.
   */
  deliver(): void {
    const waiting = this.#waiting;
    if (this.#delivering || waiting.length === 0) return;
    this.#delivering = true;
    // The queue grows during delivery when a listener causes an event.
    for (const delivery of waiting) this.#tell(delivery);
    waiting.length = 0;
    this.#delivering = false;
  }

  #tell({ entry, entries, event }: Delivery): void {
    // An earlier listener of this event may have removed this listener.
    if (!entries.has(entry)) return;
    try {
      const answer = entry.listener(event as never);
      if (isThenable(answer)) announceRejection(this, this.#ownerName, A_LISTENER, answer);
    } catch (error) {
      announceOnce(this, this.#ownerName, A_LISTENER, error);
    }
  }
}
