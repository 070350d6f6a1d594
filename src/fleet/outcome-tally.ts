/** Outcomes of one shared circuit that wait to be told to the store. */

import type { Settlement } from "../breaker/permit.js";
import type { SettleCommand } from "./rules/command.js";
import type { SharedFailure } from "./rules/state.js";
import { sharedFailureOf } from "./shared-failure.js";

/** What a settle command tells of outcomes. */
export type Outcomes = Pick<
  SettleCommand,
  "generation" | "successes" | "failures" | "leases" | "failure" | "openNow" | "retryAfterMs"
>;

/** The outcomes of one generation, being counted. */
class Count implements Outcomes {
  successes = 0;
  failures = 0;
  readonly leases: string[] = [];
  failure: SharedFailure | null = null;
  openNow = false;
  retryAfterMs = 0;

  constructor(readonly generation: number | null) {}
}

/** Adds outcomes up, each generation by itself, until somebody takes them. */
export class OutcomeTally {
  readonly #counts = new Map<number | null, Count>();

  /** Of how many generations it holds something. */
  get size(): number {
    return this.#counts.size;
  }

  /** Counts a success or a failure. */
  add(generation: number | null, { outcome, error, openNow, retryAfterMs = 0 }: Settlement): void {
    const count = this.#countOf(generation);
    if (outcome === "success") {
      count.successes += 1;
      return;
    }
    count.failures += 1;
    count.failure = sharedFailureOf(error);
    count.openNow ||= openNow === true;
    count.retryAfterMs = Math.max(count.retryAfterMs, retryAfterMs);
  }

  /** Enters the place of a probe that is to be given back. */
  giveBack(generation: number | null, lease: string): void {
    this.#countOf(generation).leases.push(lease);
  }

  /** Takes all out. */
  take(): readonly Outcomes[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    return counts;
  }

  #countOf(generation: number | null): Count {
    const known = this.#counts.get(generation);
    if (known !== undefined) return known;
    const count = new Count(generation);
    this.#counts.set(generation, count);
    return count;
  }
}
