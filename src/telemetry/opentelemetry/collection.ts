/** Reads all sources of one meter in one callback, each time the SDK collects. */

import { isCircuit } from "../../fleet/client/circuit-name.js";
import type { Fleet } from "../../fleet/client/fleet.js";
import type { Registry } from "../../registry/registry.js";
import { isFleet } from "../attach.js";
import { byImportance, hasChanged, pointsOfCircuits } from "../metrics/circuit-points.js";
import { GUARD, type Instrument, LOCAL, RUNS, SHARED, STORE } from "../metrics/instruments.js";
import type { DataPoint } from "../metrics/point.js";
import { pointsOfRuns } from "../metrics/run-points.js";
import {
  isTroubled,
  pointsOfAll,
  pointsOfShared,
  type SharedEntry,
  troubledFirst,
} from "../metrics/shared-points.js";
import { pointsOfStore } from "../metrics/store-points.js";
import { circuitsOf, sharedCircuitsOf } from "../source.js";
import { KeptNames, KeptSeries, seriesLimit } from "./kept-series.js";
import type { MeterLike, ObservationResult } from "./otel-api.js";

/** The source and limit of one call to `instrument`. */
export interface Source {
  readonly of: Registry | Fleet;
  readonly maxCircuits: number;
}

/** The circuits and series of local breakers, or of one fleet, that the SDK has already received. */
class Exported {
  readonly names = new KeptNames();
  readonly series = new KeptSeries();
  /** Kept separately, because a store that cannot be read does not mean that its circuits are gone. */
  readonly ofStore = new KeptSeries();
}

/**
 * The callback of one meter. It adds up all registries, because the SDK keeps only the last value of a
 * series.
 */
class Collection {
  readonly #meter: MeterLike;
  readonly #observables: ReadonlyMap<Instrument, object>;
  readonly #sources = new Set<Source>();
  readonly #local = new Exported();
  readonly #fleets = new WeakMap<Fleet, Exported>();

  constructor(meter: MeterLike) {
    this.#meter = meter;
    const groups = [LOCAL, GUARD, STORE, SHARED, RUNS];
    const instruments = groups.flatMap((group) => Object.values<Instrument>(group));
    // OpenTelemetry has no observable histograms.
    const observed = instruments.filter(({ kind }) => kind !== "histogram");
    this.#observables = new Map(observed.map((one) => [one, observableOf(meter, one)]));
    meter.addBatchObservableCallback(this.#collect, [...this.#observables.values()]);
  }

  add(source: Source): void {
    this.#sources.add(source);
  }

  /** Removes a source. After the last source, it removes the callback and returns true. */
  remove(source: Source): boolean {
    this.#sources.delete(source);
    if (this.#sources.size > 0) return false;
    const observables = [...this.#observables.values()];
    this.#meter.removeBatchObservableCallback(this.#collect, observables);
    return true;
  }

  readonly #collect = (result: ObservationResult): void | Promise<void> => {
    const observe = (points: readonly DataPoint[]) => {
      for (const { instrument, value, attributes } of points) {
        const observable = this.#observables.get(instrument);
        if (observable !== undefined) result.observe(observable, value, attributes);
      }
    };
    const sources = [...this.#sources];
    const max = Math.max(...sources.map(({ maxCircuits }) => maxCircuits));
    const registries = new Set<Registry>();
    const fleets = new Set<Fleet>();
    for (const { of } of sources) {
      if (isFleet(of)) fleets.add(of);
      else registries.add(of);
    }
    observe(this.#localPoints(registries, max));
    if (fleets.size === 0) return undefined;
    const reading = [...fleets].map((fleet) => this.#collectFleet(fleet, max, observe));
    return Promise.all(reading).then(() => undefined);
  };

  #localPoints(registries: ReadonlySet<Registry>, max: number): readonly DataPoint[] {
    const { names, series } = this.#local;
    const circuits = byImportance([...registries].flatMap(circuitsOf));
    const isUrgent = (one: (typeof circuits)[number]) => one.state !== "closed" || hasChanged(one);
    const selection = names.select(circuits, max, ({ name }) => name, isUrgent);
    const points = registries.size === 0 ? [] : pointsOfCircuits(selection);
    return series.complete(points, seriesLimit(max));
  }

  async #collectFleet(
    fleet: Fleet,
    max: number,
    observe: (points: readonly DataPoint[]) => void,
  ): Promise<void> {
    const exported = this.#fleets.get(fleet) ?? new Exported();
    this.#fleets.set(fleet, exported);
    const limit = seriesLimit(max);
    const entries = await sharedCircuitsOf(fleet).catch(() => undefined);
    const { storeUp, ...metrics } = fleet.getMetrics();
    const store = pointsOfStore({ ...metrics, storeUp: storeUp && entries !== undefined });
    observe(exported.ofStore.complete(store, limit));
    if (entries !== undefined) {
      observe(exported.series.complete(sharedPoints(entries, exported.names, max), limit));
    }
  }
}

function sharedPoints(entries: readonly SharedEntry[], names: KeptNames, max: number) {
  const circuits = troubledFirst(entries.filter(isCircuit));
  const keyOf = ({ scope, name }: SharedEntry) => `${scope}\n${name}`;
  const selection = names.select(circuits, max, keyOf, isTroubled);
  return [
    ...pointsOfAll(selection),
    ...selection.named.flatMap(pointsOfShared),
    ...pointsOfRuns(entries.filter((entry) => !isCircuit(entry))),
  ];
}

function observableOf(meter: MeterLike, { name, kind, unit, description }: Instrument): object {
  const options = { unit, description };
  if (kind === "counter") return meter.createObservableCounter(name, options);
  if (kind === "updown") return meter.createObservableUpDownCounter(name, options);
  return meter.createObservableGauge(name, options);
}

const collections = new WeakMap<MeterLike, Collection>();

/** Adds a source to the callback of a meter. Returns a function that removes it. */
export function collect(meter: MeterLike, source: Source): () => void {
  const collection = collections.get(meter) ?? new Collection(meter);
  collections.set(meter, collection);
  collection.add(source);
  return () => {
    const ended = collection.remove(source);
    if (ended && collections.get(meter) === collection) collections.delete(meter);
  };
}
