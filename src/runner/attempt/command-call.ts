/** A whole command as one call of the guard: what admits it, and what its end means for the breakers. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { CallPermit } from "../../breaker/calls/permit.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { Guard } from "../../guard/guard.js";
import { ENGINE } from "../../guard/guard-options.js";
import { concerned } from "../../guard/judgement/concerned.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import type { CallFacts, Dependence, WordsReach } from "../../guard/judgement/facts.js";
import { dependenciesOf, NO_FACTS } from "../../guard/judgement/judge.js";
import { Settlement, type ToldFailures } from "../../guard/judgement/settle.js";
import type { OnWait } from "../../policies/wait.js";

/** What is known of a command that has ended by itself. */
export interface CommandFindings {
  /** What it failed with; null when it did not. */
  readonly failure: Failure | null;
  /** What its spans prove; undefined without spans. */
  readonly evidence: readonly Evidence[] | undefined;
  /** Whether an engine has worked for it, as far as that could be seen. */
  readonly provesEngine: boolean;
  readonly wordsReach: WordsReach;
  /** The breaker of the host that only the command line names; null when words or spans name it. */
  readonly inferred: string | null;
}

/** The breaker that has counted a failure. */
export interface CountedIn {
  readonly breaker: string;
  /** Whether only this run hears of it, although the circuit is shared and `--needs` can name it. */
  readonly couldShare: boolean;
}

/** A command that was let in. It is settled once; what comes after does nothing. */
export class CommandCall {
  readonly #guard: Guard;
  readonly #upstreams: ReadonlyMap<string, Dependence>;
  readonly #settlement: Settlement;
  #settled = false;

  private constructor(
    guard: Guard,
    upstreams: ReadonlyMap<string, Dependence>,
    settlement: Settlement,
  ) {
    this.#guard = guard;
    this.#upstreams = upstreams;
    this.#settlement = settlement;
  }

  /**
   * Asks the breakers of the engine and of all that the command is known to need.
   *
   * @param needs Names of breakers; `engine` is always among them.
   * @param onWait Hears of each part of a wait for them.
   * @throws What `Guard.admit` throws.
   */
  static async admit(
    guard: Guard,
    needs: ReadonlySet<string>,
    signal: AbortSignal,
    onWait?: OnWait,
  ): Promise<CommandCall> {
    const gated: CircuitBreaker[] = [];
    for (const name of needs) {
      const breaker = name === ENGINE ? undefined : guard.upstream(name);
      if (breaker !== undefined) gated.push(breaker);
    }
    const [engine, ...permits] = await guard.admit([guard.engine, ...gated], signal, onWait);
    const all = new Map([[ENGINE, engine as CallPermit]]);
    const upstreams = new Map<string, Dependence>();
    for (const [index, { name }] of gated.entries()) {
      all.set(name, permits[index] as CallPermit);
      upstreams.set(name, { onlyDeclared: true });
    }
    return new CommandCall(guard, upstreams, new Settlement(guard, all));
  }

  /** Gives all permits back: nothing is counted, or the command's own requests will be instead. */
  release(): void {
    if (this.#settle()) this.#settlement.release();
  }

  /**
   * The command has ended by itself.
   *
   * @returns What has counted its failure; null when nothing has.
   */
  ended(findings: CommandFindings): CountedIn | null {
    if (!this.#settle()) return this.#endedBesideSessions(findings);
    const { failure, evidence, provesEngine, wordsReach, inferred } = findings;
    const facts = {
      failures: failure === null ? [] : [failure],
      wordsReach,
      inferred,
      engineAnswered: provesEngine,
      upstreams: this.#upstreams,
      exchanges: evidence ?? null,
    };
    const failed = this.#settlement.tell(facts);
    this.#settlement.release();
    return failure?.counts === true ? this.#countedIn(failure, facts, failed) : null;
  }

  /** The command has opened sessions, whose requests were its calls. It may have run dagger as well. */
  #endedBesideSessions({ failure, wordsReach }: CommandFindings): CountedIn | null {
    if (wordsReach === "needs" || failure?.counts !== true) return null;
    const { upstreamKind: kind, upstream: host } = failure;
    if (kind === null || host === null) return null;
    const name = breakerName(kind, host);
    // One that a session has opened already knows what the words say.
    if (this.#guard.upstream(name)?.state !== "closed") return null;
    const facts = { failures: [failure], wordsReach: "run" as const };
    const failed = new Settlement(this.#guard, new Map()).tell(facts);
    return this.#countedIn(failure, facts, failed);
  }

  /** The breaker that has counted the failure of the command. */
  #countedIn(failure: Failure, facts: Partial<CallFacts>, failed: ToldFailures): CountedIn | null {
    const dependencies = dependenciesOf({ ...NO_FACTS, ...facts });
    const named = failure.fault === ENGINE ? ENGINE : concerned(failure, dependencies);
    const others = [...failed.keys()].filter((name) => name !== ENGINE && !dependencies.has(name));
    const breaker = named !== undefined && failed.has(named) ? named : others[0];
    if (breaker === undefined) return null;
    const isLocal = failed.get(breaker)?.isLocal === true;
    return { breaker, couldShare: isLocal && breaker !== ENGINE && this.#guard.shares(breaker) };
  }

  /** No session was there in time, which is a failure of the engine. */
  notConnected(): void {
    this.#end({ failures: [SESSION_TOO_LATE] });
  }

  /**
   * Another limit of ours has ended the command. Nobody is blamed, but hosts with which the engine
   * itself had an exchange that hung until then.
   *
   * @param evidence What its spans have shown since.
   */
  timedOut(evidence: readonly Evidence[]): void {
    const upstreams = this.#upstreams;
    this.#end({ upstreams, exchanges: evidence, isCut: true, namesUpstreams: false });
  }

  /** Nothing can be said of anybody. */
  ignored(): void {
    this.#end({});
  }

  #end(facts: Partial<CallFacts>): void {
    if (!this.#settle()) return;
    this.#settlement.tell(facts);
    this.#settlement.release();
  }

  #settle(): boolean {
    const first = !this.#settled;
    this.#settled = true;
    return first;
  }
}
