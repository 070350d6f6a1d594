/** Settles permits with the judged outcomes, for requests, commands and the opening of sessions. */

import type { Failure } from "../../attribution/failure.js";
import type { CallPermit } from "../../breaker/calls/permit.js";
import { ENGINE } from "../engine-name.js";
import type { Guard } from "../guard.js";
import type { CallFacts, JudgedOutcome, JudgedOutcomes } from "./facts.js";
import { recordOf, recordOfEvidence } from "./failure-record.js";
import { judge, NO_FACTS } from "./judge.js";

/** The failures that were settled, by breaker name. */
export type ToldFailures = ReadonlyMap<string, { readonly isLocal: boolean }>;

const NOTHING_FAILED: ToldFailures = new Map();

/** The permits of one call, until all of them are settled. */
export class CallSettlement {
  readonly #guard: Guard;
  /** The permits by breaker name. A settled permit is replaced by null. */
  readonly #permits: Map<string, CallPermit | null>;

  /**
   * @param permits The permits by breaker name, including the engine's permit. This object adds a permit to
   * the map for a host that only spans show.
   */
  constructor(guard: Guard, permits: Map<string, CallPermit | null>) {
    this.#guard = guard;
    this.#permits = permits;
  }

  /**
   * Judges the call by its facts and settles its permits. A permit that is already settled keeps its
   * outcome.
   *
   * @param error The error that came instead of an answer, if any.
   * @returns The failures that the facts show, by breaker name.
   */
  tell(facts: Partial<CallFacts>, error?: unknown): ToldFailures {
    const { rateLimitOpenMs, needs } = this.#guard.settings;
    return this.#tellAll(judge({ ...NO_FACTS, rateLimitOpenMs, needs, ...facts }), error);
  }

  /** Releases all permits that are not settled. Nothing is counted for them. */
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
   * Returns a permit for a host that the call was not expected to use. A failure creates the host's breaker
   * if necessary. For any other outcome, returns undefined if the host has no breaker yet.
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
  /** The reason why no session opened. Undefined if the engine is not at fault. */
  readonly failure?: Failure | undefined;
  readonly error?: unknown;
}

/** Settles the permit of the engine after a session opened or failed to open. */
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
