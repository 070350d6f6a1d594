/** Keeps the known state of circuits current, by pushes and occasional polls. */

import { isEntry } from "../reply-shape.js";
import type { FleetEntry, FleetStore } from "../store.js";
import type { CircuitTable } from "./circuit/circuit-table.js";
import type { SharedCircuit } from "./circuit/shared-circuit.js";
import type { StoreLink } from "./link/store-link.js";

/**
 * The poll interval. Circuits in use are polled although the store pushes changes: a push can be
 * lost, and a store that lost its data pushes nothing. Without polls, a circuit that rejects all
 * calls would never ask the store again.
 */
const POLL_MS = 1000;
const POLL_JITTER = 0.2;
/** Every fifth poll asks for all circuits in use, the others only for circuits that reject. */
const POLLS_TO_ALL = 5;
/** How many circuits to read from the store at the same time. */
const POLL_BATCH = 100;
const SUBSCRIBE_LIMIT_MS = 1000;

/** Settings of a watch. */
export interface WatchSettings {
  readonly scope: string;
  readonly link: StoreLink;
  readonly table: CircuitTable;
}

/** The subscription and the polls of one fleet in cached mode. Neither keeps the process alive. */
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

  /** Starts watching. Does nothing if already started or stopped. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#subscribe();
    this.#schedule();
  }

  /** Reads all circuits in use from the store now, for example after the store was down. */
  refresh(): void {
    if (this.#running && !this.#stopped) void this.#poll(this.#settings.table.all());
  }

  /** Stops for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#endSubscription();
  }

  /** Subscribes to pushes. If that fails, the next poll tries again. */
  async #subscribe(): Promise<void> {
    const { scope, link } = this.#settings;
    const subscribe = (store: FleetStore) => {
      // This may run after the limit, when a later attempt has subscribed already.
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
      // If unsubscribing fails, the old subscription is ignored.
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
