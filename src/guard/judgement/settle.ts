/** Tells permits their outcomes: the only place that does, for requests, commands and connects. */

import type { Failure } from "../../attribution/failure.js";
import type { CallPermit } from "../../breaker/calls/permit.js";
import type { Guard } from "../guard.js";
import { ENGINE } from "../guard-options.js";
import type { CallFacts, JudgedOutcome, JudgedOutcomes } from "./facts.js";
import { recordOf, recordOfEvidence } from "./failure-record.js";
import { judge, NO_FACTS } from "./judge.js";

/** The failures that were told, by the names of their breakers. */
export type ToldFailures = ReadonlyMap<string, { readonly isLocal: boolean }>;

const NOTHING_FAILED: ToldFailures = new Map();

/** The permits of one call, until all of them are settled. */
export class Settlement {
  readonly #guard: Guard;
  /** Null for one that was told its outcome. */
  readonly #permits: Map<string, CallPermit | null>;

  /**
   * @param permits By the names of their breakers, that of the engine among them. It is taken over, and
   * gets a permit for each host that only spans show.
   */
  constructor(guard: Guard, permits: Map<string, CallPermit | null>) {
    this.#guard = guard;
    this.#permits = permits;
  }

  /**
   * Judges the call by what is known of it, and tells its permits. The first outcome of a permit stands.
   *
   * @param error What came instead of an answer, if something did.
   * @returns The failures, told or told before.
   */
  tell(facts: Partial<CallFacts>, error?: unknown): ToldFailures {
    const { rateLimitOpenMs, needs } = this.#guard.settings;
    return this.#tellAll(judge({ ...NO_FACTS, rateLimitOpenMs, needs, ...facts }), error);
  }

  /** Gives all permits back that are not settled: nothing is counted. */
  release(): void {
    for (const permit of this.#permits.values()) permit?.release();
  }

  #tellAll(outcomes: JudgedOutcomes, error: unknown): ToldFailures {
    let failed: Map<string, { readonly isLocal: boolean }> | undefined;
    for (const [name, outcome] of outcomes) {
      const own = this.#permits.get(name);
      const permit = own === undefined ? this.#unlisted(name, outcome) : own;
      if (permit === undefined) continue;
      if (permit !== null) tellPermit(permit, outcome, error);
      this.#permits.set(name, null);
      if (outcome.kind !== "failure") continue;
      failed ??= new Map();
      failed.set(name, outcome);
    }
    return failed ?? NOTHING_FAILED;
  }

  /**
   * Returns a permit for a host that the call was not known to depend on: what failed is recorded, and
   * that it answered only where a breaker is there already.
   */
  #unlisted(name: string, { kind }: JudgedOutcome): CallPermit | undefined {
    if (name === ENGINE || kind === "ignored" || kind === "released") return undefined;
    const { registry } = this.#guard.settings;
    const breaker = kind === "failure" ? this.#guard.upstream(name) : registry.find(name);
    if (breaker === undefined) return undefined;
    return this.#guard.unasked(breaker);
  }
}

/** What came of opening a session. */
export interface ConnectFacts {
  readonly opened?: boolean;
  /** Why it was not opened; undefined when that says nothing of the engine. */
  readonly failure?: Failure | undefined;
  readonly error?: unknown;
}

/** Settles the permit of the engine by what came of opening a session. */
export function settleConnect(permit: CallPermit, facts: ConnectFacts): void {
  const { opened = false, failure, error } = facts;
  const failures = failure === undefined ? [] : [failure];
  const outcome = judge({ ...NO_FACTS, failures, engineAnswered: opened }).get(ENGINE);
  tellPermit(permit, outcome as JudgedOutcome, error);
}

function tellPermit(permit: CallPermit, outcome: JudgedOutcome, error: unknown): void {
  if (outcome.kind === "released") {
    permit.release();
    return;
  }
  if (outcome.kind === "ignored") {
    permit.ignore();
    return;
  }
  if (outcome.isLocal) permit.keepLocal();
  if (outcome.kind === "success") {
    const { durationMs } = outcome;
    permit.success(durationMs === undefined ? undefined : { durationMs });
    return;
  }
  const { cause, detail } = outcome;
  const record =
    "failure" in cause ? recordOf(cause.failure, error) : recordOfEvidence(cause.exchange);
  permit.failure(record, detail);
}
