/**
 * Keeps shared circuits in the memory of this process, for tests and for several guards in one
 * process.
 */

import { readOptions } from "../../options/check.js";
import { nowMicrosField } from "../now-micros.js";
import type { FleetCommand } from "../rules/command.js";
import { reduce } from "../rules/reduce.js";
import { type FleetChange, type FleetReply, MAX_HISTORY } from "../rules/reply.js";
import { keepForMs } from "../rules/retention.js";
import type { FleetState } from "../rules/state.js";
import { ScopeListeners } from "../scope-listeners.js";
import {
  entryOf,
  type FleetEntry,
  type FleetKey,
  type FleetListener,
  type FleetStore,
  type OnUnreadable,
} from "../store.js";
import { FleetStoreError } from "../store-error.js";

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Returns the time in whole microseconds since 1970. Default: the time of this machine. */
  readonly nowMicros?: (() => number) | undefined;
}

const FIELDS = {
  nowMicros: nowMicrosField(wallMicros),
};

/**
 * The maximum number of circuits. A full store evicts the circuit that was written least recently.
 */
const MAX_CIRCUITS = 10_000;

interface Kept {
  readonly state: FleetState;
  readonly untilMs: number;
  readonly history: readonly FleetChange[];
}

/**
 * Creates a store that keeps circuits in memory. They are lost when the process ends.
 *
 * @throws TypeError for an invalid option. The message contains the option, its value and the
 * expected value.
 */
export function memoryStore(options?: MemoryStoreOptions): FleetStore {
  return new MemoryStore(readOptions("memoryStore", options, FIELDS).nowMicros);
}

class MemoryStore implements FleetStore {
  readonly kind = "memory";
  readonly minimumReporters = 1;
  readonly pushes = true;
  readonly #nowMicros: () => number;
  readonly #circuits = new Map<string, Kept>();
  readonly #listeners = new ScopeListeners();
  #closed = false;

  constructor(nowMicros: () => number) {
    this.#nowMicros = nowMicros;
  }

  async open(): Promise<void> {
    this.#checkOpen();
  }

  async run(key: FleetKey, command: FleetCommand): Promise<FleetReply> {
    this.#checkOpen();
    const nowMicros = this.#nowMicros();
    const id = `${key.scope}\n${key.name}`;
    const kept = this.#find(id, nowMicros / 1000);
    const { state, reply } = reduce(kept?.state, command, nowMicros);
    if (state !== undefined && (state !== kept?.state || reply.changes.length > 0)) {
      this.#keep(id, state, [...(kept?.history ?? []), ...reply.changes]);
    }
    if (reply.changes.length > 0) {
      this.#listeners.tell(key.scope, { name: key.name, snapshot: reply.snapshot });
    }
    return reply;
  }

  async list(
    scope: string,
    _onUnreadable?: OnUnreadable,
    withReports = false,
  ): Promise<readonly FleetEntry[]> {
    this.#checkOpen();
    const prefix = `${scope}\n`;
    const nowMs = this.#nowMicros() / 1000;
    const names = [...this.#circuits.keys()]
      .filter((id) => id.startsWith(prefix) && this.#find(id, nowMs) !== undefined)
      .map((id) => id.slice(prefix.length))
      .sort();
    return Promise.all(
      names.map(async (name) => {
        const command = { kind: "read", report: withReports } as const;
        return entryOf(name, await this.run({ scope, name }, command));
      }),
    );
  }

  async scopes(): Promise<readonly string[]> {
    this.#checkOpen();
    const nowMs = this.#nowMicros() / 1000;
    const ids = [...this.#circuits.keys()].filter((id) => this.#find(id, nowMs) !== undefined);
    return [...new Set(ids.map((id) => id.slice(0, id.indexOf("\n"))))].sort();
  }

  async history({ scope, name }: FleetKey): Promise<readonly FleetChange[]> {
    this.#checkOpen();
    return this.#find(`${scope}\n${name}`, this.#nowMicros() / 1000)?.history ?? [];
  }

  subscribe(scope: string, listener: FleetListener): () => void {
    return this.#listeners.add(scope, listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#circuits.clear();
    this.#listeners.clear();
  }

  #checkOpen(): void {
    if (this.#closed) throw new FleetStoreError("the store in memory is closed");
  }

  #find(id: string, nowMs: number): Kept | undefined {
    const kept = this.#circuits.get(id);
    if (kept !== undefined && kept.untilMs <= nowMs) this.#circuits.delete(id);
    else return kept;
    return undefined;
  }

  #keep(id: string, state: FleetState, history: readonly FleetChange[]): void {
    this.#circuits.delete(id);
    const untilMs = state.nowMs + keepForMs(state);
    this.#circuits.set(id, { state, untilMs, history: history.slice(-MAX_HISTORY) });
    if (this.#circuits.size <= MAX_CIRCUITS) return;
    const [oldest] = this.#circuits.keys();
    if (oldest !== undefined) this.#circuits.delete(oldest);
  }
}

function wallMicros(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}
