/**
 * Limits the series that an SDK receives. The JavaScript SDK keeps every series that it has ever received,
 * and repeats its last value forever. It merges all series beyond 2,000 into one.
 */

import type { Instrument } from "../metrics/instruments.js";
import {
  type Attributes,
  type DataPoint,
  mayBeNamed,
  point,
  type Selection,
} from "../metrics/point.js";

/** The SDK's limit of series for each instrument, minus a margin for its own overflow series. */
const SDK_SERIES = 1990;
/**
 * Number of series that a circuit has in `circuit.calls`, the metric with the most series. Includes a share
 * of `_OTHER`.
 */
const SERIES_PER_CIRCUIT = 6.6;
/** Number of series that a circuit has in its status: one for each state. */
const SERIES_OF_STATUS = 4;

/**
 * Returns the maximum number of series of one instrument. When this exceeds the SDK's default limit, users
 * must raise the limit of their metric reader.
 */
export function seriesLimit(maxCircuits: number): number {
  return Math.max(SDK_SERIES, Math.ceil(maxCircuits * SERIES_PER_CIRCUIT));
}

interface Series {
  readonly attributes: Attributes;
  /** Number of the last collection in which the series had a value. */
  round: number;
}

/** The series that an SDK has received. */
export class KeptSeries {
  readonly #families = new Map<Instrument, Map<string, Series>>();
  #round = 0;

  /**
   * Returns the data points to export. New series beyond the limit are left out. Series that have
   * disappeared report 0, except counters: Prometheus would take 0 for a restart of the process.
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

/** The circuits that have series of their own. */
export class KeptNames {
  readonly #kept = new Set<string>();

  /**
   * Selects the circuits that get series of their own. A circuit that once had series keeps them. Some
   * places beyond `maxCircuits` are reserved for troubled circuits, so that a circuit that opens late is
   * still exported by name.
   *
   * @param circuits The circuits, sorted so that those with the greatest need of series come first.
   * @param nameOf Returns the name under which a circuit is remembered.
   * @param isTroubled Returns whether a circuit may use a reserved place.
   */
  select<T extends { readonly name: string }>(
    circuits: readonly T[],
    maxCircuits: number,
    nameOf: (circuit: T) => string,
    isTroubled: (circuit: T) => boolean,
  ): Selection<T> {
    // Three places are left free for `_OTHER` and for the counts of circuits by state.
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
