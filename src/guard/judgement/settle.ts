/**
 * Settles permits with their outcomes: the only place that does so, for requests, commands and
 * connects.
 */

import type { Failure } from "../../attribution/failure.js";
import type { CallPermit } from "../../breaker/calls/permit.js";
import type { Guard } from "../guard.js";
import { ENGINE } from "../guard-options.js";
import type { CallFacts, JudgedOutcome, JudgedOutcomes } from "./facts.js";
import { recordOf, recordOfEvidence } from "./failure-record.js";
import { judge, NO_FACTS } from "./judge.js";

/** The settled failures, by the names of their breakers. */
export type ToldFailures = ReadonlyMap<string, { readonly isLocal: boolean }>;

const NOTHING_FAILED: ToldFailures = new Map();

/** The permits of one call, until all of them are settled. */
export class Settlement {
  readonly #guard: Guard;
  /** Null for a permit that is already settled. */
  readonly #permits: Map<string, CallPermit | null>;

  /**
   * @param permits By the names of their breakers, including the engine's. The map is taken over,
   * and gets a permit for each host that only spans show.
   */
  constructor(guard: Guard, permits: Map<string, CallPermit | null>) {
    this.#guard = guard;
    this.#permits = permits;
  }

  /**
   * Judges the call by its facts and settles its permits. The first outcome of a permit stands.
   *
   * @param error The error in place of an answer, if any.
   * @returns The failures, settled now or earlier.
   */
  tell(facts: Partial<CallFacts>, error?: unknown): ToldFailures {
    const { rateLimitOpenMs, needs } = this.#guard.settings;
    return this.#tellAll(judge({ ...NO_FACTS, rateLimitOpenMs, needs, ...facts }), error);
  }

  /** Releases all unsettled permits: nothing is counted. */
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
   * Returns a permit for a host that was not a known upstream of the call. Its failure is recorded;
   * its answer only if a breaker already exists.
   */
  #unlisted(name: string, { kind }: JudgedOutcome): CallPermit | undefined {
    if (name === ENGINE || kind === "ignored" || kind === "released") return undefined;
    const { registry } = this.#guard.settings;
    const breaker = kind === "failure" ? this.#guard.upstream(name) : registry.find(name);
    if (breaker === undefined) return undefined;
    return this.#guard.unasked(breaker);
  }
}

/** The facts about opening a session. */
export interface ConnectFacts {
  readonly opened?: boolean;
  /** Why it failed to open; undefined if that proves nothing about the engine. */
  readonly failure?: Failure | undefined;
  readonly error?: unknown;
}

/** Settles the permit of the engine with the result of opening a session. */
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
