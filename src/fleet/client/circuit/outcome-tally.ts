/** Outcomes of one shared circuit that wait to be told to the store. */

import type { Settlement } from "../../../breaker/calls/permit.js";
import type { SettleCommand } from "../../rules/command.js";
import type { SharedFailure } from "../../rules/state.js";
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
  /** The count that was asked for last, which is nearly always the next one as well. */
  #last: Count | undefined;

  /** Counts a success or a failure. */
  add(generation: number | null, settlement: Settlement): void {
    const count = this.#countOf(generation);
    if (settlement.outcome === "success") count.successes += 1;
    else this.#addFailure(count, settlement);
  }

  #addFailure(count: Count, { error, openNow, retryAfterMs = 0 }: Settlement): void {
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
    this.#last = undefined;
    return counts;
  }

  #countOf(generation: number | null): Count {
    if (this.#last?.generation === generation) return this.#last;
    const count = this.#counts.get(generation) ?? new Count(generation);
    this.#counts.set(generation, count);
    this.#last = count;
    return count;
  }
}
