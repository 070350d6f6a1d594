/** The text of `/metrics`, made once for each read of the store. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { isCircuit } from "../../fleet/client/circuit-name.js";
import { PrometheusText } from "../../telemetry/metrics/prometheus-text.js";
import { pointsOfRuns } from "../../telemetry/metrics/run-points.js";
import {
  pointsOfAll,
  pointsOfShared,
  type SharedEntry,
  selectShared,
} from "../../telemetry/metrics/shared-points.js";
import { pointsOfStore } from "../../telemetry/metrics/store-points.js";
import type { StoreEntries, StoreView } from "./store-view.js";

/** How many circuits to render before other events get a turn. */
const AT_ONCE = 10;

/** The view of a store, and what happened to the store beside the view. */
export interface MetricsSettings {
  readonly view: StoreView;
  /** The kind of the store. */
  readonly kind: string;
  /** Returns the number of outcomes that the store did not get. */
  readonly droppedCount: () => number;
}

/** Renders in short steps, so that requests are not delayed. */
export class MetricsView {
  readonly #settings: MetricsSettings;
  #entries: Promise<StoreEntries> | undefined;
  #text: Promise<Buffer> | undefined;

  constructor(settings: MetricsSettings) {
    this.#settings = settings;
  }

  /** Returns the text. When the store cannot be read, the text contains that and no circuits. */
  text(): Promise<Buffer> {
    const entries = this.#settings.view.entries();
    if (this.#text === undefined || entries !== this.#entries) {
      this.#entries = entries;
      this.#text = this.#render(entries);
    }
    return this.#text;
  }

  async #render(reading: Promise<StoreEntries>): Promise<Buffer> {
    const { kind, droppedCount } = this.#settings;
    const text = new PrometheusText();
    const entries = await reading;
    const storeUp = entries !== undefined;
    text.add(pointsOfStore({ store: kind, storeUp, droppedCount: droppedCount() }));
    if (entries !== undefined) await addAll(entries, text);
    return Buffer.from(text.toString());
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
