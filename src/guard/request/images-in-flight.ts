/** The images of one request in flight: those that the engine has, and those it had to request. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { ReadRequest } from "../../attribution/query/named-upstream.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { concerned, onlyCommandsFailed } from "../judgement/judge.js";
import type { RequestLocks } from "../locks/lock-file.js";
import type { LockedPulls } from "../locks/locked-pulls.js";
import type { Dependencies } from "./session-memory.js";
import type { UpstreamsInFlight } from "./upstream-in-flight.js";

/** The facts about the request. */
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

  /** Records counting failures of registries: their images were requested and failed. */
  failed(failures: readonly Failure[]): void {
    this.#noteFailed(failures.map((failure) => concerned(failure, this.#upstreams)));
  }

  /** Records exchanges that failed, if no code in a container can have forged them. */
  seenFailing(evidence: readonly Evidence[]): void {
    if (evidence.length === 0) return;
    const failed = evidence.filter(
      ({ outcome, forgeable }) => outcome !== "answered" && !forgeable,
    );
    this.#noteFailed(failed.map(servedBy));
  }

  /** Returns the registries whose images failed in their present outage, and were used now. */
  recovered(failures: readonly Failure[]): string[] {
    const { failedImages } = this.#pulls;
    if (this.#references.length === 0 || !this.#used(failures)) return [];
    return [...this.#upstreams].flatMap(([name, { breaker }]) =>
      failedImages.used(breaker, this.#references) ? [name] : [],
    );
  }

  /** Records which locked images the engine has, and which it requested. */
  learnOfLocks(failures: readonly Failure[], evidence: readonly Evidence[]): void {
    if (this.#references.length === 0) return;
    const asked = new Set(evidence.map(servedBy));
    for (const failure of failures) {
      const name = concerned(failure, this.#upstreams);
      if (name !== undefined) asked.add(name);
    }
    this.#locks.learn({ references: this.#references, asked, used: this.#used(failures) });
  }

  /** Records the images that a request dropped by a timeout had requested. */
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

  /** Returns whether the engine now has what the request names. */
  #used(failures: readonly Failure[]): boolean {
    return onlyCommandsFailed(failures) && this.#read.usesContents;
  }
}

function servedBy({ kind, servesHost }: Evidence): string {
  return breakerName(kind, servesHost);
}
