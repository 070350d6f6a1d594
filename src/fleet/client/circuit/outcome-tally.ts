/** Counts the outcomes of one shared circuit until they are sent to the store. */

import type { Settlement } from "../../../breaker/calls/permit.js";
import type { FaultCount, SettleCommand } from "../../rules/command.js";
import { MAX_NAMES } from "../../rules/record.js";
import type { SharedFailure } from "../../rules/state.js";
import { OTHER_FAULT } from "../../rules/tally.js";
import { sharedFailureOf } from "./shared-failure.js";

/** The part of a settle command that comes from counted outcomes. */
export type Outcomes = Pick<
  SettleCommand,
  | "generation"
  | "successes"
  | "failures"
  | "leases"
  | "failure"
  | "faults"
  | "openNow"
  | "retryAfterMs"
>;

type MutableFault = { -readonly [K in keyof FaultCount]: FaultCount[K] };

/** The outcomes of one generation. */
class Count implements Outcomes {
  successes = 0;
  failures = 0;
  readonly leases: string[] = [];
  failure: SharedFailure | null = null;
  /**
   * The number of failures for each component at fault; undefined while all failures have the same
   * one.
   */
  faults: MutableFault[] | undefined;
  openNow = false;
  retryAfterMs = 0;

  constructor(readonly generation: number | null) {}

  /** Counts a failure. */
  fail(failure: SharedFailure): void {
    const { failure: last, failures } = this;
    if (last !== null && !isSameFault(last, failure)) {
      this.faults ??= [{ fault: last.fault, limited: last.limited, count: failures }];
    }
    if (this.faults !== undefined) addFault(this.faults, failure);
    this.failures += 1;
    this.failure = failure;
  }
}

function addFault(faults: MutableFault[], { fault, limited }: SharedFailure): void {
  const known = (one: Omit<FaultCount, "count">) => faults.find((other) => isSameFault(one, other));
  const rest = { fault: OTHER_FAULT, limited };
  const entered =
    known({ fault, limited }) ?? (faults.length < MAX_NAMES - 1 ? undefined : known(rest));
  if (entered !== undefined) entered.count += 1;
  else if (faults.length < MAX_NAMES - 1) faults.push({ fault, limited, count: 1 });
  else faults.push({ ...rest, count: 1 });
}

function isSameFault(one: Omit<FaultCount, "count">, other: Omit<FaultCount, "count">): boolean {
  return one.fault === other.fault && one.limited === other.limited;
}

/** The waiting outcomes, counted by generation. */
export class OutcomeTally {
  readonly #counts = new Map<number | null, Count>();
  /**
   * The count of the last outcome's generation. It is cached, because the next outcome nearly
   * always has the same generation.
   */
  #last: Count | undefined;

  add(generation: number | null, settlement: Settlement): void {
    const count = this.#countOf(generation);
    if (settlement.outcome === "success") count.successes += 1;
    else this.#addFailure(count, settlement);
  }

  #addFailure(count: Count, { error, openNow, retryAfterMs = 0 }: Settlement): void {
    count.fail(sharedFailureOf(error));
    count.openNow ||= openNow === true;
    count.retryAfterMs = Math.max(count.retryAfterMs, retryAfterMs);
  }

  /** Adds a probe lease, which the next settle command gives back to the store. */
  giveBack(generation: number | null, lease: string): void {
    this.#countOf(generation).leases.push(lease);
  }

  /** Returns all counts, and starts again from zero. */
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
