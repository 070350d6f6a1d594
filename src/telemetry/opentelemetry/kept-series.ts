/**
 * Bounds the series that an SDK gets. The JavaScript SDK keeps each series that it has once seen, repeats its
 * last value for ever, and folds those past 2,000 into one.
 */

import type { Instrument } from "../metrics/instruments.js";
import {
  type Attributes,
  type DataPoint,
  mayBeNamed,
  point,
  type Selection,
} from "../metrics/point.js";

/** The limit of the SDK for each instrument, without a margin for its own overflow series. */
const SDK_SERIES = 1990;
/** Series of a circuit in the metric that has most, `circuit.calls`, and a share of `_OTHER`. */
const SERIES_PER_CIRCUIT = 6.6;
/** Series of a circuit in its status. */
const SERIES_OF_STATUS = 4;

/** Returns the most series of one instrument. Above the SDK's own limit, its reader must allow as many. */
export function seriesLimit(maxCircuits: number): number {
  return Math.max(SDK_SERIES, Math.ceil(maxCircuits * SERIES_PER_CIRCUIT));
}

interface Series {
  readonly attributes: Attributes;
  /** The last collection that had a value for the series. */
  round: number;
}

/** The series that an SDK has seen. */
export class KeptSeries {
  readonly #families = new Map<Instrument, Map<string, Series>>();
  #round = 0;

  /**
   * Returns the data points to export. A series that is new and beyond the limit is left out. A series that is
   * gone reports 0, except a counter: there, 0 would be a restart.
   */
  complete(points: readonly DataPoint[], limit: number): readonly DataPoint[] {
    this.#round += 1;
    const exported = points.filter((one) => this.#keep(one, limit));
    const gone = [...this.#families]
      .filter(([{ kind }]) => kind !== "counter")
      .flatMap(([instrument, series]) =>
        [...series.values()]
          .filter(({ round }) => round !== this.#round)
          .map(({ attributes }) => point(instrument, attributes, 0)),
      );
    return gone.length === 0 ? exported : [...exported, ...gone];
  }

  #keep({ instrument, attributes }: DataPoint, limit: number): boolean {
    let family = this.#families.get(instrument);
    if (family === undefined) {
      family = new Map();
      this.#families.set(instrument, family);
    }
    const key = Object.values(attributes).join("\0");
    const known = family.get(key);
    if (known !== undefined) known.round = this.#round;
    else if (family.size < limit) family.set(key, { attributes, round: this.#round });
    else return false;
    return true;
  }
}

/** The circuits that have series. */
export class KeptNames {
  readonly #kept = new Set<string>();

  /**
   * Selects the circuits with series of their own. One that once had them keeps them. Some places are only for
   * circuits in trouble, so that the one that opens last is still exported by name.
   *
   * @param circuits The circuits, with those first that need series most.
   * @param nameOf Returns the name under which a circuit is kept.
   * @param isTroubled Returns whether a circuit may take one of these places.
   */
  select<T extends { readonly name: string }>(
    circuits: readonly T[],
    maxCircuits: number,
    nameOf: (circuit: T) => string,
    isTroubled: (circuit: T) => boolean,
  ): Selection<T> {
    // Without a few for the sum of the others and for the circuits by state.
    const places = Math.floor(seriesLimit(maxCircuits) / SERIES_OF_STATUS) - 3;
    const named: T[] = [];
    const others: T[] = [];
    for (const circuit of circuits) {
      const name = nameOf(circuit);
      const limit = isTroubled(circuit) ? places : Math.min(maxCircuits, places);
      const isKept = this.#kept.has(name) || (this.#kept.size < limit && mayBeNamed(circuit));
      if (isKept) this.#kept.add(name);
      (isKept ? named : others).push(circuit);
    }
    return { named, others };
  }
}
