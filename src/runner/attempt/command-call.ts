/**
 * Treats a whole command as one call of the guard. The breakers are asked before the command
 * starts, and their permits are settled when it ends.
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

/** The facts about a command that has ended. */
export interface CommandFindings {
  /** The failure of the command; null if it succeeded. */
  readonly failure: Failure | null;
  /** The HTTP exchanges in the command's spans; undefined if spans were not read. */
  readonly exchanges: readonly Evidence[] | undefined;
  /** Whether the end of the command proves that an engine answered. */
  readonly provesEngine: boolean;
  readonly wordsReach: WordsReach;
  /** The breaker of a host that only the command line names; null without such a host. */
  readonly inferred: string | null;
}

/** The breaker that counted a failure. */
export interface CountedIn {
  readonly breaker: string;
  /**
   * Whether the failure counts only in this run, but would count in the shared store if `--needs`
   * named its circuit.
   */
  readonly couldShare: boolean;
}

/**
 * An admitted command and its permits. Only the first call that settles or releases the permits has
 * an effect on them.
 */
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
   * @param needs Names of breakers. The engine's breaker is always asked.
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
   * Releases all permits without an outcome. For example, the command needs no permits once each
   * request of its sessions is guarded.
   */
  release(): void {
    if (this.#settle()) this.#settlement.release();
  }

  /**
   * Settles a command that has ended.
   *
   * @returns The breaker that counted the failure; null if no breaker counted it.
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
   * Counts the failure of a command whose permits were released because its sessions are guarded.
   * The output may show a failure outside of these sessions, for example of a `dagger` that the
   * command also ran.
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

  /** Returns the breaker that counted the failure of the command; null if no breaker counted it. */
  #countedIn(failure: Failure, facts: Partial<CallFacts>, failed: ToldFailures): CountedIn | null {
    const dependencies = dependenciesOf({ ...NO_FACTS, ...facts });
    const named = failure.fault === ENGINE ? ENGINE : concerned(failure, dependencies);
    const others = [...failed.keys()].filter((name) => name !== ENGINE && !dependencies.has(name));
    const breaker = named !== undefined && failed.has(named) ? named : others[0];
    if (breaker === undefined) return null;
    const isLocal = failed.get(breaker)?.isLocal === true;
    return { breaker, couldShare: isLocal && breaker !== ENGINE && this.#guard.shares(breaker) };
  }

  /** Counts a failure of the engine, because the command got no session in time. */
  notConnected(): void {
    this.#end({ failures: [SESSION_TOO_LATE] });
  }

  /**
   * Settles a command that was ended by a time limit, except the connect timeout. Counts a failure only for
   * hosts that had not answered the engine by then.
   *
   * @param exchanges The HTTP exchanges in spans that arrived after the limit.
   */
  timedOut(exchanges: readonly Evidence[]): void {
    const upstreams = this.#upstreams;
    this.#end({ upstreams, exchanges, isCut: true, namesUpstreams: false });
  }

  /** Settles a command whose end proves nothing about any upstream. */
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
