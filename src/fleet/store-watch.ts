/** Keeps what is known of circuits up to date: by what others push, and by asking now and then. */

import type { CircuitTable } from "./circuit-table.js";
import { isSnapshot } from "./reply-shape.js";
import { UNKNOWN_SNAPSHOT } from "./rules/snapshot.js";
import type { FleetEntry, FleetStore } from "./store.js";
import type { StoreLink } from "./store-link.js";

/** Pushes can be lost, so the store is asked this often as well, more or less. */
const POLL_MS = 5000;
const POLL_JITTER = 0.2;
const POLL_LIMIT_MS = 1000;

/** What a watch is told when it is made. */
export interface WatchSettings {
  readonly scope: string;
  readonly link: StoreLink;
  readonly table: CircuitTable;
}

/** The subscription and the poll of one fleet in cached mode. */
export class StoreWatch {
  readonly #settings: WatchSettings;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
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

  /** Asks at once, as after the store was down. */
  refresh(): void {
    if (this.#running && !this.#stopped) void this.#poll();
  }

  /** Ends it for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#endSubscription();
  }

  /** A store that cannot be made yet is tried again with the next poll. */
  async #subscribe(): Promise<void> {
    const { scope, link } = this.#settings;
    const hear = (entry: FleetEntry) => this.#hear(entry);
    const subscribe = (store: FleetStore) => store.subscribe(scope, hear);
    const unsubscribe = await link.demand(subscribe, POLL_LIMIT_MS).catch(() => undefined);
    this.#unsubscribe = unsubscribe;
    if (this.#stopped) this.#endSubscription();
  }

  #endSubscription(): void {
    try {
      this.#unsubscribe?.();
    } catch {}
    this.#unsubscribe = undefined;
  }

  #hear(entry: FleetEntry): void {
    if (this.#stopped || !isEntry(entry)) return;
    this.#settings.table.find(entry.name)?.hearPush(entry.snapshot);
  }

  #schedule(): void {
    const delayMs = POLL_MS * (1 + POLL_JITTER * (2 * Math.random() - 1));
    this.#timer = setTimeout(() => {
      if (this.#unsubscribe === undefined) void this.#subscribe();
      void this.#poll();
      this.#schedule();
    }, delayMs);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    const { scope, link, table } = this.#settings;
    const circuits = table.all();
    if (circuits.length === 0) return;
    const number = link.nextNumber();
    const entries = await link.ask((store) => store.list(scope), POLL_LIMIT_MS);
    if (this.#stopped || !Array.isArray(entries) || !entries.every(isEntry)) return;
    const byName = new Map(entries.map(({ name, snapshot }) => [name, snapshot]));
    for (const circuit of circuits) {
      const snapshot = byName.get(circuit.key.name) ?? UNKNOWN_SNAPSHOT;
      circuit.hearReply({ snapshot, changes: [] }, number);
    }
  }
}

function isEntry(value: unknown): value is FleetEntry {
  if (typeof value !== "object" || value === null) return false;
  const { name, snapshot } = value as Partial<FleetEntry>;
  return typeof name === "string" && isSnapshot(snapshot);
}
