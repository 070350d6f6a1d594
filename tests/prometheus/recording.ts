/** Records pages of metrics at regular virtual times, as a Prometheus that scrapes them would. */

import { expect } from "vitest";

interface Sample {
  /** The name and labels of the series: those in the page, and those that a scrape adds. */
  readonly series: string;
  readonly value: string;
}

/** The labels that each scrape adds. */
export interface Target {
  readonly job: string;
  readonly instance: string;
}

export const TARGET: Target = { job: "dagger-breaker", instance: "breaker.example.com:7420" };

/** The values of all series of a target. `_` marks a missing sample, and `stale` marks the end of a series. */
export class Recording {
  readonly target: Target;
  readonly #series = new Map<string, string[]>();
  #scrapes = 0;

  constructor(target: Target = TARGET) {
    this.target = target;
  }

  get scrapes(): number {
    return this.#scrapes;
  }

  /** Adds one scrape. Undefined means that the scrape failed, which ends all series. */
  scrape(page: string | undefined): void {
    const { job, instance } = this.target;
    const own = `job=${JSON.stringify(job)},instance=${JSON.stringify(instance)}`;
    const samples = page === undefined ? [] : samplesOf(page, own);
    samples.push({ series: `up{${own}}`, value: page === undefined ? "0" : "1" });
    const seen = new Map(samples.map(({ series, value }) => [series, value]));
    for (const series of seen.keys()) {
      if (!this.#series.has(series)) this.#series.set(series, Array(this.#scrapes).fill("_"));
    }
    for (const [series, values] of this.#series) values.push(seen.get(series) ?? missing(values));
    this.#scrapes += 1;
  }

  /** Adds the series of another target, which was scraped at the same times. */
  join(other: Recording): void {
    expect(other.scrapes).toBe(this.scrapes);
    for (const [series, values] of other.entries()) this.#series.set(series, [...values]);
  }

  /** Returns all series, with a value for each scrape. */
  entries(): readonly (readonly [series: string, values: readonly string[]])[] {
    return [...this.#series];
  }
}

function missing(values: readonly string[]): string {
  return ["_", "stale", undefined].includes(values.at(-1)) ? "_" : "stale";
}

function samplesOf(page: string, own: string): Sample[] {
  return page
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name, labels, value] =
        /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? expect.unreachable(line);
      return { series: `${name}{${labels}${labels === "" ? "" : ","}${own}}`, value: `${value}` };
    });
}
