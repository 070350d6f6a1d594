/** The text of `/metrics`. All requests within a second share one read of the store. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { isCircuit } from "../../fleet/client/circuit-name.js";
import type { FleetStore, OnUnreadable } from "../../fleet/store.js";
import { PrometheusText } from "../../telemetry/metrics/prometheus-text.js";
import { pointsOfRuns } from "../../telemetry/metrics/run-points.js";
import {
  pointsOfAll,
  pointsOfShared,
  type SharedEntry,
  selectShared,
} from "../../telemetry/metrics/shared-points.js";

/** How long a text is reused before the store is read again. */
const FRESH_MS = 1000;
/** How many circuits to render before other events get a turn. */
const AT_ONCE = 10;

/**
 * Reads the store at most once a second. Renders in short steps, so that requests are not delayed.
 */
export class MetricsView {
  readonly #store: FleetStore;
  readonly #onUnreadable: OnUnreadable;
  #text: Promise<Buffer> | undefined;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(store: FleetStore, onUnreadable: OnUnreadable) {
    this.#store = store;
    this.#onUnreadable = onUnreadable;
  }

  /** Returns the text. Rejects when the store cannot be read. */
  text(): Promise<Buffer> {
    const nowMs = performance.now();
    if (this.#text === undefined || nowMs - this.#readMs >= FRESH_MS) {
      this.#readMs = nowMs;
      this.#text = this.#read();
    }
    return this.#text;
  }

  async #read(): Promise<Buffer> {
    const entries: SharedEntry[] = [];
    for (const scope of (await this.#store.scopes?.()) ?? []) {
      const found = await this.#store.list(scope, this.#onUnreadable, true);
      for (const entry of found) entries.push({ ...entry, scope });
      await nextTurn();
    }
    const text = new PrometheusText();
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
    return Buffer.from(text.toString());
  }
}
