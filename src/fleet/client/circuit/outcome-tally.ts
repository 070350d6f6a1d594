/** Outcomes of one shared circuit that wait to be sent to the store. */

import type { Settlement } from "../../../breaker/calls/permit.js";
import type { SettleCommand } from "../../rules/command.js";
import type { SharedFailure } from "../../rules/state.js";
import { sharedFailureOf } from "./shared-failure.js";

/** The outcomes in a settle command. */
export type Outcomes = Pick<
  SettleCommand,
  "generation" | "successes" | "failures" | "leases" | "failure" | "openNow" | "retryAfterMs"
>;

/** The outcomes of one generation. */
class Count implements Outcomes {
  successes = 0;
  failures = 0;
  readonly leases: string[] = [];
  failure: SharedFailure | null = null;
  openNow = false;
  retryAfterMs = 0;

  constructor(readonly generation: number | null) {}
}

/** Counts outcomes by generation until they are taken. */
export class OutcomeTally {
  readonly #counts = new Map<number | null, Count>();
  /** The count used last, which is nearly always the next one too. */
  #last: Count | undefined;

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

  /** Records a probe's lease to be returned. */
  giveBack(generation: number | null, lease: string): void {
    this.#countOf(generation).leases.push(lease);
  }

  /** Takes all outcomes out. */
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
