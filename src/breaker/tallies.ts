/**
 * The counts that only failures and state changes update. The first failure or state change creates
 * the object. So an idle breaker stays small, and a successful call costs nothing.
 */

import type { CircuitState } from "./circuit-state.js";
import type { StateChangeReason } from "./events.js";

/** The number of failures of one kind. */
export interface FailureCount {
  /**
   * The kind of failure. If a guard classified the failure, the kind is the name of the rule.
   * Otherwise, the kind is the code of the error, or else its name, or else its type.
   *
   * `"_OTHER"` is for all kinds after the first 32.
   */
  readonly type: string;
  /** The component at fault. Undefined if no guard classified the failure. */
  readonly fault: string | undefined;
  /** Whether these failures were rate limits, or opened the circuit at once. */
  readonly limited: boolean;
  readonly count: number;
}

/** The number of changes between two states for one reason. */
export interface TransitionCount {
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: StateChangeReason;
  readonly count: number;
}

const OTHER = "_OTHER";
const MAX_KINDS = 32;

/**
 * Matches a text that may become a metric attribute, such as `ECONNRESET`. Other texts can contain
 * secrets.
 */
const WORD = /^[A-Za-z_][\w.:-]{0,63}$/;

type Counting<T> = { -readonly [K in keyof T]: T[K] };

export class Tallies {
  stateChanges = 0;
  /** The total time in open states that have ended, in milliseconds. */
  openTimeMs = 0;
  readonly #failures: Counting<FailureCount>[] = [];
  readonly #transitions: Counting<TransitionCount>[] = [];

  get failures(): FailureCount[] {
    return this.#failures.map((each) => ({ ...each }));
  }

  get transitions(): TransitionCount[] {
    return this.#transitions.map((each) => ({ ...each }));
  }

  /** Counts a failure by its kind. Never throws. */
  addFailure(error: unknown, openNow: boolean): void {
    const { type, fault, limited } = kindOfFailure(error);
    this.#count(type, fault, limited || openNow);
  }

  #count(type: string, fault: string | undefined, limited: boolean): void {
    const known = this.#failures.find(
      (each) => each.type === type && each.limited === limited && each.fault === fault,
    );
    if (known !== undefined) known.count += 1;
    else if (this.#failures.length < MAX_KINDS || type === OTHER) {
      this.#failures.push({ type, fault, limited, count: 1 });
    } else this.#count(OTHER, undefined, limited);
  }

  addTransition(from: CircuitState, to: CircuitState, reason: StateChangeReason): void {
    this.stateChanges += 1;
    const known = this.#transitions.find(
      (each) => each.from === from && each.to === to && each.reason === reason,
    );
    if (known !== undefined) known.count += 1;
    else this.#transitions.push({ from, to, reason, count: 1 });
  }
}

/**
 * Returns the kind of a failure. The error can be any value. If reading its properties throws, the
 * kind is `object`.
 */
export function kindOfFailure(error: unknown): Omit<FailureCount, "count"> {
  if (typeof error !== "object" || error === null) return unclassified(typeof error);
  try {
    const { rule, fault, limited, code, name } = error as Readonly<Record<string, unknown>>;
    if (isWord(rule))
      return { type: rule, fault: isWord(fault) ? fault : undefined, limited: limited === true };
    return unclassified(isWord(code) ? code : isWord(name) ? name : "object");
  } catch {
    return unclassified("object");
  }
}

function unclassified(type: string): Omit<FailureCount, "count"> {
  return { type, fault: undefined, limited: false };
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && WORD.test(value);
}
