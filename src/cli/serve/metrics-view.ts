/** The text of `/metrics`. All requests within a second share one read of the store. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { isCircuit } from "../../fleet/client/circuit-name.js";
import type { FleetStore } from "../../fleet/store.js";
import { PrometheusText } from "../../telemetry/metrics/prometheus-text.js";
import { pointsOfRuns } from "../../telemetry/metrics/run-points.js";
import {
  pointsOfAll,
  pointsOfShared,
  type SharedEntry,
  selectShared,
} from "../../telemetry/metrics/shared-points.js";
import { pointsOfStore } from "../../telemetry/metrics/store-points.js";

/** How long a text is reused before the store is read again. */
const FRESH_MS = 1000;
/** How many circuits to render before other events get a turn. */
const AT_ONCE = 10;

/** The store of a view, and what happened to it beside the view. */
export interface ViewedStore {
  readonly store: FleetStore;
  /** Called when the store, or one of its circuits, cannot be read. */
  readonly onStoreError: (error: unknown) => void;
  /** Returns the number of outcomes that the store did not get. */
  readonly droppedCount: () => number;
}

/**
 * Reads the store at most once a second. Renders in short steps, so that requests are not delayed.
 */
export class MetricsView {
  readonly #viewed: ViewedStore;
  #text: Promise<Buffer> | undefined;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(viewed: ViewedStore) {
    this.#viewed = viewed;
  }

  /** Returns the text. When the store cannot be read, the text contains that and no circuits. */
  text(): Promise<Buffer> {
    const nowMs = performance.now();
    if (this.#text === undefined || nowMs - this.#readMs >= FRESH_MS) {
      this.#readMs = nowMs;
      this.#text = this.#render();
    }
    return this.#text;
  }

  async #render(): Promise<Buffer> {
    const { store, onStoreError, droppedCount } = this.#viewed;
    const text = new PrometheusText();
    const entries = await this.#read().catch((error: unknown) => {
      onStoreError(error);
      return undefined;
    });
    const storeUp = entries !== undefined;
    text.add(pointsOfStore({ store: store.kind, storeUp, droppedCount: droppedCount() }));
    if (entries !== undefined) await addAll(entries, text);
    return Buffer.from(text.toString());
  }

  async #read(): Promise<readonly SharedEntry[]> {
    const { store, onStoreError } = this.#viewed;
    const entries: SharedEntry[] = [];
    for (const scope of (await store.scopes?.()) ?? []) {
      const found = await store.list(scope, (_, error) => onStoreError(error), true);
      for (const entry of found) entries.push({ ...entry, scope });
      await nextTurn();
    }
    return entries;
  }
}

/** Adds runs and circuits to a text, a few at a time. */
async function addAll(entries: readonly SharedEntry[], text: PrometheusText): Promise<void> {
  const runs = pointsOfRuns(entries.filter((entry) => !isCircuit(entry)));
  text.add(runs);
  await nextTurn();
  const circuits = entries.filter(isCircuit);
  const selection = selectShared(circuits, 300, runs.length);
  text.add(pointsOfAll(selection));
  const { named } = selection;
  for (let from = 0; from < named.length; from += AT_ONCE) {
    await nextTurn();
    for (const circuit of named.slice(from, from + AT_ONCE)) text.add(pointsOfShared(circuit));
  }
}
