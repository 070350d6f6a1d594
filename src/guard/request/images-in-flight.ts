/** What one request shows of the images that it names: which the engine holds, and which it had to ask for. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { QueryReading } from "../../attribution/query/query-reading.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { concerned, onlyCommandsFailed } from "../judgement/concerned.js";
import type { LockedPulls } from "../locks/locked-pulls.js";
import type { RequestLocks } from "../locks/request-locks.js";
import type { Dependencies } from "./session-memory.js";
import type { UpstreamsInFlight } from "./upstream-in-flight.js";

/** The images of one request on its way. */
export class ImagesInFlight {
  readonly #pulls: LockedPulls;
  readonly #locks: RequestLocks;
  readonly #reading: QueryReading;
  readonly #references: Dependencies["references"];
  readonly #upstreams: UpstreamsInFlight;

  /** @param pulls What all sessions of the guard have met. */
  constructor(
    pulls: LockedPulls,
    locks: RequestLocks,
    reading: QueryReading,
    { references }: Dependencies,
    upstreams: UpstreamsInFlight,
  ) {
    this.#pulls = pulls;
    this.#locks = locks;
    this.#reading = reading;
    this.#references = references;
    this.#upstreams = upstreams;
  }

  /** Notes what an answer blames registries for: their images were asked for, and failed. */
  failed(failures: readonly Failure[]): void {
    if (failures.length === 0) return;
    const counting = failures.filter(({ counts }) => counts);
    this.#noteFailed(counting.map((failure) => concerned(failure, this.#upstreams)));
  }

  /** Notes exchanges that were seen to fail, where no code in a container can have made them up. */
  seenFailing(evidence: readonly Evidence[]): void {
    if (evidence.length === 0) return;
    const failed = evidence.filter(
      ({ outcome, forgeable }) => outcome !== "answered" && !forgeable,
    );
    this.#noteFailed(failed.map(servedBy));
  }

  /** The names of registries whose images failed in their present outage, and were used now. */
  recovered(failures: readonly Failure[]): string[] {
    const { failedImages } = this.#pulls;
    if (failedImages.isEmpty || this.#references.length === 0 || !this.#used(failures)) return [];
    return [...this.#upstreams].flatMap(([name, { breaker }]) =>
      failedImages.used(breaker, this.#references) ? [name] : [],
    );
  }

  /** Notes which locked images the engine holds, and which it was seen to ask for. */
  learnOfLocks(failures: readonly Failure[], evidence: readonly Evidence[]): void {
    if (this.#references.length === 0) return;
    const asked = new Set(evidence.map(servedBy));
    for (const failure of failures) {
      const name = concerned(failure, this.#upstreams);
      if (name !== undefined) asked.add(name);
    }
    this.#locks.learn({ references: this.#references, asked, used: this.#used(failures) });
  }

  /** Notes what was asked for by a request that a timeout has dropped. */
  hung(evidence: readonly Evidence[]): void {
    const asked = new Set(evidence.map(servedBy));
    this.#locks.learn({ references: this.#references, asked, used: false });
    this.seenFailing(evidence);
  }

  #noteFailed(names: readonly (string | undefined)[]): void {
    for (const name of new Set(names)) {
      const breaker = this.#upstreams.get(name ?? "")?.breaker;
      if (breaker !== undefined) this.#pulls.failedImages.failed(breaker, this.#references);
    }
  }

  /** Whether the engine holds now what the request names. */
  #used(failures: readonly Failure[]): boolean {
    return onlyCommandsFailed(failures) && this.#reading.usesContents;
  }
}

function servedBy({ kind, servesHost }: Evidence): string {
  return breakerName(kind, servesHost);
}
