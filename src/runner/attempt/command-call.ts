/**
 * Treats a whole command as one call of the guard: asks the breakers first, and settles their
 * permits at the end.
 */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { CallPermit } from "../../breaker/calls/permit.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { ENGINE } from "../../guard/engine-name.js";
import type { Guard } from "../../guard/guard.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import type { CallFacts, Dependence, WordsReach } from "../../guard/judgement/facts.js";
import { concerned, dependenciesOf, NO_FACTS } from "../../guard/judgement/judge.js";
import { CallSettlement, type ToldFailures } from "../../guard/judgement/settle.js";
import type { OnWait } from "../../policies/wait.js";

/** The facts of a command that ended by itself. */
export interface CommandFindings {
  /** The failure of the command; null if it succeeded. */
  readonly failure: Failure | null;
  /** The HTTP exchanges seen in the command's spans; undefined without spans. */
  readonly exchanges: readonly Evidence[] | undefined;
  /** Whether it is known that an engine answered the command. */
  readonly provesEngine: boolean;
  readonly wordsReach: WordsReach;
  /** The breaker of a host that only the command line names; null if output or spans name it. */
  readonly inferred: string | null;
}

/** The breaker that counted a failure. */
export interface CountedIn {
  readonly breaker: string;
  /**
   * Whether the failure counts only in this run, and would be shared if `--needs` named its
   * circuit.
   */
  readonly couldShare: boolean;
}

/** An admitted command. It settles once; later calls do nothing. */
export class CommandCall {
  readonly #guard: Guard;
  readonly #upstreams: ReadonlyMap<string, Dependence>;
  readonly #settlement: CallSettlement;
  #settled = false;

  private constructor(
    guard: Guard,
    upstreams: ReadonlyMap<string, Dependence>,
    settlement: CallSettlement,
  ) {
    this.#guard = guard;
    this.#upstreams = upstreams;
    this.#settlement = settlement;
  }

  /**
   * Takes permits from the engine's breaker and from the breakers of all upstreams in `needs`.
   *
   * @param needs Names of breakers; `engine` is always included.
   * @param onWait Called before each pause while the command waits for a circuit.
   * @throws The errors of `Guard.admit`.
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
    return new CommandCall(guard, upstreams, new CallSettlement(guard, all));
  }

  /**
   * Releases all permits without an outcome, for example because the command's sessions are guarded
   * request by request.
   */
  release(): void {
    if (this.#settle()) this.#settlement.release();
  }

  /**
   * Settles a command that ended by itself.
   *
   * @returns The breaker that counted its failure; null if none did.
   */
  ended(findings: CommandFindings): CountedIn | null {
    if (!this.#settle()) return this.#endedBesideSessions(findings);
    const { failure, exchanges, provesEngine, wordsReach, inferred } = findings;
    const facts = {
      failures: failure === null ? [] : [failure],
      wordsReach,
      inferred,
      engineAnswered: provesEngine,
      upstreams: this.#upstreams,
      exchanges: exchanges ?? null,
    };
    const failed = this.#settlement.tell(facts);
    this.#settlement.release();
    return failure?.counts === true ? this.#countedIn(failure, facts, failed) : null;
  }

  /**
   * Settles a command whose permits were released because it opened guarded sessions. Its output
   * may show another failure, for example of a `dagger` that it also ran.
   */
  #endedBesideSessions({ failure, wordsReach }: CommandFindings): CountedIn | null {
    if (wordsReach === "needs" || failure?.counts !== true) return null;
    const { upstreamKind: kind, upstream: host } = failure;
    if (kind === null || host === null) return null;
    const name = breakerName(kind, host);
    // If the circuit is not closed, the sessions have probably counted this failure already.
    if (this.#guard.upstream(name)?.state !== "closed") return null;
    const facts = { failures: [failure], wordsReach: "run" as const };
    const failed = new CallSettlement(this.#guard, new Map()).tell(facts);
    return this.#countedIn(failure, facts, failed);
  }

  /** Returns the breaker that counted the failure of the command. */
  #countedIn(failure: Failure, facts: Partial<CallFacts>, failed: ToldFailures): CountedIn | null {
    const dependencies = dependenciesOf({ ...NO_FACTS, ...facts });
    const named = failure.fault === ENGINE ? ENGINE : concerned(failure, dependencies);
    const others = [...failed.keys()].filter((name) => name !== ENGINE && !dependencies.has(name));
    const breaker = named !== undefined && failed.has(named) ? named : others[0];
    if (breaker === undefined) return null;
    const isLocal = failed.get(breaker)?.isLocal === true;
    return { breaker, couldShare: isLocal && breaker !== ENGINE && this.#guard.shares(breaker) };
  }

  /** Settles a command that got no session in time, which is a failure of the engine. */
  notConnected(): void {
    this.#end({ failures: [SESSION_TOO_LATE] });
  }

  /**
   * Settles a command that a limit other than the connect timeout ended. Counts a failure only for
   * hosts whose exchange with the engine was still hanging at that moment.
   *
   * @param exchanges The HTTP exchanges in spans that arrived after the limit.
   */
  timedOut(exchanges: readonly Evidence[]): void {
    const upstreams = this.#upstreams;
    this.#end({ upstreams, exchanges, isCut: true, namesUpstreams: false });
  }

  /** Settles a command whose end shows nothing about any upstream. */
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
