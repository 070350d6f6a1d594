/** Records what one request shows about its images: which images the engine had, and which it requested. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { ReadRequest } from "../../attribution/query/named-upstream.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { concerned, onlyCommandsFailed } from "../judgement/judge.js";
import type { RequestLocks } from "../locks/lock-file.js";
import type { LockedPulls } from "../locks/locked-pulls.js";
import type { Dependencies } from "./session-memory.js";
import type { UpstreamsInFlight } from "./upstream-in-flight.js";

/** The parts of a request that this file uses. */
interface RequestOfImages {
  readonly guard: { readonly lockedPulls: LockedPulls };
  readonly locks: RequestLocks;
  readonly read: ReadRequest;
  readonly dependencies: Dependencies;
}

/** The images of one request in flight. */
export class ImagesInFlight {
  readonly #pulls: LockedPulls;
  readonly #locks: RequestLocks;
  readonly #read: ReadRequest;
  readonly #references: Dependencies["references"];
  readonly #upstreams: UpstreamsInFlight;

  constructor(request: RequestOfImages, upstreams: UpstreamsInFlight) {
    this.#pulls = request.guard.lockedPulls;
    this.#locks = request.locks;
    this.#read = request.read;
    this.#references = request.dependencies.references;
    this.#upstreams = upstreams;
  }

  /** Records that the image of this request failed, at each registry to which these failures belong. */
  failed(failures: readonly Failure[]): void {
    this.#noteFailed(failures.map((failure) => concerned(failure, this.#upstreams)));
  }

  /**
   * Records that the image of this request failed, at each registry with a failed exchange that cannot be
   * forged.
   */
  seenFailing(exchanges: readonly Evidence[]): void {
    if (exchanges.length === 0) return;
    const failed = exchanges.filter(
      ({ outcome, forgeable }) => outcome !== "answered" && !forgeable,
    );
    this.#noteFailed(failed.map(servedBy));
  }

  /**
   * Returns the registries that must have recovered. An image failed at such a registry during the current
   * outage, and this request has used that image.
   */
  recovered(failures: readonly Failure[]): string[] {
    const { failedImages } = this.#pulls;
    if (this.#references.length === 0 || !this.#used(failures)) return [];
    return [...this.#upstreams].flatMap(([name, { breaker }]) =>
      failedImages.used(breaker, this.#references) ? [name] : [],
    );
  }

  /** Records which locked images the engine already had, and which it had to request. */
  learnOfLocks(failures: readonly Failure[], exchanges: readonly Evidence[]): void {
    if (this.#references.length === 0) return;
    const asked = new Set(exchanges.map(servedBy));
    for (const failure of failures) {
      const name = concerned(failure, this.#upstreams);
      if (name !== undefined) asked.add(name);
    }
    this.#locks.learn({ references: this.#references, asked, used: this.#used(failures) });
  }

  /**
   * Records which images the engine requested from registries. Call it for a request that a timeout ended.
   */
  hung(exchanges: readonly Evidence[]): void {
    const asked = new Set(exchanges.map(servedBy));
    this.#locks.learn({ references: this.#references, asked, used: false });
    this.seenFailing(exchanges);
  }

  #noteFailed(names: readonly (string | undefined)[]): void {
    for (const name of new Set(names)) {
      const breaker = this.#upstreams.get(name ?? "")?.breaker;
      if (breaker !== undefined) this.#pulls.failedImages.failed(breaker, this.#references);
    }
  }

  /**
   * Returns whether the engine must have fetched the contents of all images of the request: the request
   * needs contents, and nothing but commands failed.
   */
  #used(failures: readonly Failure[]): boolean {
    return onlyCommandsFailed(failures) && this.#read.usesContents;
  }
}

function servedBy({ kind, servesHost }: Evidence): string {
  return breakerName(kind, servesHost);
}
