/** Keeps the known state of circuits current, with pushes and occasional polls. */

import { isEntry } from "../reply-shape.js";
import type { FleetEntry, FleetStore } from "../store.js";
import type { CircuitTable } from "./circuit/circuit-table.js";
import type { SharedCircuit } from "./circuit/shared-circuit.js";
import type { StoreLink } from "./link/store-link.js";

/**
 * The time between two polls in milliseconds. Polls are necessary although the store pushes
 * changes. A push can be lost, and a store that lost its data pushes nothing. Without polls, a
 * circuit that rejects all calls would never ask the store again.
 */
const POLL_MS = 1000;
const POLL_JITTER = 0.2;
/**
 * Every fifth poll reads all circuits in use. The other polls read only circuits that reject calls.
 */
const POLLS_TO_ALL = 5;
/** Number of circuits to read from the store at the same time. */
const POLL_BATCH = 100;
const SUBSCRIBE_LIMIT_MS = 1000;

/** The parts of a fleet that a `StoreWatch` needs. */
export interface WatchSettings {
  readonly scope: string;
  readonly link: StoreLink;
  readonly table: CircuitTable;
}

/**
 * The subscription and the polls of one fleet in cached mode. They do not keep the process alive.
 */
export class StoreWatch {
  readonly #settings: WatchSettings;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #polls = 0;
  #running = false;
  #stopped = false;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
  }

  /** Starts the subscription and the polls. Does nothing after the first call, or after `stop`. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#subscribe();
    this.#schedule();
  }

  /**
   * Reads all circuits of the table from the store at once, for example after the store was down.
   */
  refresh(): void {
    if (this.#running && !this.#stopped) void this.#poll(this.#settings.table.all());
  }

  /** Stops the subscription and the polls for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#endSubscription();
  }

  /** Subscribes to pushes. If this fails, the next poll tries again. */
  async #subscribe(): Promise<void> {
    const { scope, link } = this.#settings;
    const subscribe = (store: FleetStore) => {
      // This may run after the time limit, when a later attempt has already subscribed.
      this.#endSubscription();
      if (!this.#stopped) this.#unsubscribe = store.subscribe(scope, (entry) => this.#hear(entry));
    };
    await link.demand(subscribe, SUBSCRIBE_LIMIT_MS, false).catch(() => undefined);
  }

  #endSubscription(): void {
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    try {
      unsubscribe?.();
    } catch {
      // Ignored: pushes of an old subscription do no harm, because only newer states are accepted.
    }
  }

  #hear(entry: FleetEntry): void {
    if (this.#stopped || !isEntry(entry)) return;
    this.#settings.table.find(entry.name)?.hearPush(entry.snapshot);
  }

  #schedule(): void {
    const delayMs = POLL_MS * (1 + POLL_JITTER * (2 * Math.random() - 1));
    this.#timer = setTimeout(() => {
      if (this.#unsubscribe === undefined) void this.#subscribe();
      this.#polls += 1;
      const all = this.#polls % POLLS_TO_ALL === 0;
      const due = (circuit: SharedCircuit) => (all || circuit.check()) && circuit.takeUse();
      void this.#poll(this.#settings.table.all().filter(due));
      this.#schedule();
    }, delayMs);
    this.#timer.unref();
  }

  async #poll(circuits: readonly SharedCircuit[]): Promise<void> {
    for (let first = 0; first < circuits.length && !this.#stopped; first += POLL_BATCH) {
      const batch = circuits.slice(first, first + POLL_BATCH);
      await Promise.all(batch.map((circuit) => circuit.read()));
    }
  }
}
