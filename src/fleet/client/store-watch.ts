/** Keeps what is known of circuits up to date: by what others push, and by asking now and then. */

import { isEntry } from "../reply-shape.js";
import type { FleetEntry, FleetStore } from "../store.js";
import type { CircuitTable } from "./circuit/circuit-table.js";
import type { SharedCircuit } from "./circuit/shared-circuit.js";
import type { StoreLink } from "./link/store-link.js";

/**
 * Pushes can be lost, and a store that was emptied pushes nothing, so that circuits in use are asked for
 * as well: of one that refuses, this often, more or less; nothing else is asked or told for its calls.
 */
const POLL_MS = 1000;
const POLL_JITTER = 0.2;
/** With each poll of so many all are asked for. */
const POLLS_TO_ALL = 5;
/** How many circuits are asked for at once. */
const POLL_BATCH = 100;
const SUBSCRIBE_LIMIT_MS = 1000;

/** What a watch is told when it is made. */
export interface WatchSettings {
  readonly scope: string;
  readonly link: StoreLink;
  readonly table: CircuitTable;
}

/** The subscription and the poll of one fleet in cached mode. Neither keeps the process alive. */
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

  /** Begins to watch; does nothing when it does already, or was stopped. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#subscribe();
    this.#schedule();
  }

  /** Asks at once for all circuits, as after the store was down. */
  refresh(): void {
    if (this.#running && !this.#stopped) void this.#poll(this.#settings.table.all());
  }

  /** Ends it for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#endSubscription();
  }

  /** What fails is tried again with the next poll. */
  async #subscribe(): Promise<void> {
    const { scope, link } = this.#settings;
    const subscribe = (store: FleetStore) => {
      // The store may have come to be long after the time for it was over.
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
      // A store that cannot be left is heard no more.
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
