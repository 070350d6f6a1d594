/** The text of `/metrics`, which is rendered once for each read of the store. */

import { sharedPage } from "../../telemetry/metrics/shared-page.js";
import { pointsOfStore } from "../../telemetry/metrics/store-points.js";
import type { StoreEntries, StoreView } from "./store-view.js";
import type { WriteCheck } from "./write-check.js";

const MAX_CIRCUITS = 300;

/** The sources of the metrics: the view of a store, and facts about that store. */
export interface MetricsSettings {
  readonly view: StoreView;
  readonly writing: WriteCheck;
  /** The kind of the store. */
  readonly kind: string;
  /** Returns the number of outcomes that the store did not get. */
  readonly droppedCount: () => number;
}

/** Renders the metrics in short steps, so that other requests are not delayed. */
export class MetricsView {
  readonly #settings: MetricsSettings;
  #entries: Promise<StoreEntries> | undefined;
  #text: Promise<Buffer> | undefined;

  constructor(settings: MetricsSettings) {
    this.#settings = settings;
  }

  /**
   * Returns the text. It shows the store as down if the store cannot be read or written. Without
   * reads, it contains no circuits.
   */
  text(): Promise<Buffer> {
    const entries = this.#settings.view.entries();
    if (this.#text === undefined || entries !== this.#entries) {
      this.#entries = entries;
      this.#text = this.#render(entries);
    }
    return this.#text;
  }

  async #render(reading: Promise<StoreEntries>): Promise<Buffer> {
    const { kind, writing, droppedCount } = this.#settings;
    const entries = await reading;
    const storeUp = entries !== undefined && (await writing.problem()) === undefined;
    const own = pointsOfStore({ store: kind, storeUp, droppedCount: droppedCount() });
    return Buffer.from(await sharedPage(entries, MAX_CIRCUITS, own));
  }
}
