/** A whole command as one call of the guard: what admits it, and what its end means for the breakers. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { CallPermit } from "../../breaker/permit.js";
import type { Guard } from "../../guard/guard.js";
import { ENGINE } from "../../guard/guard-options.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import { recordOf } from "../../guard/judgement/failure-record.js";
import {
  concerned,
  NO_PROOFS,
  releaseUpstreams,
  settleBlamed,
  settleBySpans,
  settleEngineByAnswer,
  settleOthers,
  type UpstreamInFlight,
} from "../../guard/judgement/settling.js";

import type { OnWait } from "../../policies/wait.js";

/**
 * How far a failure counts that only the output of a command shows. Anyone can print anything.
 *
 * - `"store"`: for everyone who shares the circuits. The command is dagger itself.
 * - `"run"`: for this run. The output is that of a Dagger front end, the program is another.
 * - `"needs"`: for what `--needs` names, and nothing else.
 */
export type WordsReach = "store" | "run" | "needs";

/** What is known of a command that has ended by itself. */
export interface CommandFindings {
  /** What it failed with; null when it did not. */
  readonly failure: Failure | null;
  /** What its spans prove; undefined without spans. */
  readonly evidence: readonly Evidence[] | undefined;
  /** Whether an engine has worked for it, as far as that could be seen. */
  readonly provesEngine: boolean;
  readonly wordsReach: WordsReach;
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
  readonly #engine: CallPermit;
  readonly #upstreams: Map<string, UpstreamInFlight>;
  #settled = false;

  private constructor(guard: Guard, engine: CallPermit, upstreams: Map<string, UpstreamInFlight>) {
    this.#guard = guard;
    this.#engine = engine;
    this.#upstreams = upstreams;
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
    const upstreams = new Map<string, UpstreamInFlight>();
    for (const [index, breaker] of gated.entries()) {
      const permit = permits[index] as CallPermit;
      upstreams.set(breaker.name, { breaker, permit, isGated: true, onlyDeclared: true });
    }
    return new CommandCall(guard, engine as CallPermit, upstreams);
  }

  /** Gives all permits back: nothing is counted, or the command's own requests will be instead. */
  release(): void {
    if (!this.#settle()) return;
    this.#engine.release();
    releaseUpstreams(this.#upstreams);
  }

  /**
   * The command has ended by itself.
   *
   * @returns What has counted its failure; null when nothing has.
   */
  ended(findings: CommandFindings): CountedIn | null {
    const { failure, evidence: seen, provesEngine, wordsReach } = findings;
    const evidence = wordsReach === "store" ? seen : seen?.filter(isBelievedAlone);
    if (!this.#settle()) return this.#endedBesideSessions(findings);
    const failures = failure === null ? [] : [failure];
    if (wordsReach !== "store") this.#keepFromStore(ENGINE, this.#engine, evidence ?? []);
    if (provesEngine || failure?.fault === ENGINE) settleEngineByAnswer(this.#engine, failures);
    else this.#engine.ignore();
    const isLocal = failure !== null && this.#addNamed(failure, evidence ?? [], wordsReach);
    const { rateLimitOpenMs } = this.#guard.settings;
    const strangers = settleOthers(this.#upstreams, {
      failures,
      blamed: settleBlamed(this.#upstreams, failures, rateLimitOpenMs),
      ...NO_PROOFS,
      evidence,
      rateLimitOpenMs,
    });
    for (const [name, seen] of strangers) this.#recordStranger(name, seen);
    if (failure?.counts !== true) return null;
    if (failure.fault === ENGINE) return this.#counted(ENGINE, false);
    const failed = [...strangers].find(([, { outcome }]) => outcome !== "answered");
    const named = concerned(failure, this.#upstreams);
    if (named !== undefined) return this.#counted(named, isLocal);
    return failed === undefined ? null : this.#counted(failed[0], false);
  }

  /** The command has opened sessions, whose requests were its calls. It may have run dagger as well. */
  #endedBesideSessions({ failure, wordsReach }: CommandFindings): CountedIn | null {
    const { upstreamKind: kind, upstream: host, counts } = failure ?? {};
    if (wordsReach === "needs" || counts !== true || failure === null) return null;
    if (kind === null || kind === undefined || host === null || host === undefined) return null;
    const name = breakerName(kind, host);
    const breaker = this.#guard.upstream(name);
    // One that a session has opened already knows what the words say.
    if (breaker === undefined || breaker.state !== "closed") return null;
    const permit = this.#guard.unaskedHere(breaker);
    const upstream = { breaker, permit, isGated: false, onlyDeclared: false };
    settleBlamed(new Map([[name, upstream]]), [failure], this.#guard.settings.rateLimitOpenMs);
    return this.#counted(name, true);
  }

  #counted(breaker: string, isLocal: boolean): CountedIn {
    return { breaker, couldShare: isLocal && this.#guard.shares(breaker) };
  }

  /**
   * Keeps what only words tell of an upstream in this process, unless the user has named it as one that
   * the command needs, or the engine's spans show that it failed.
   *
   * @returns Whether it is kept here.
   */
  #keepFromStore(name: string, permit: CallPermit, evidence: readonly Evidence[]): boolean {
    const isSeen = evidence.some(
      ({ kind, host, servesHost, outcome, forgeable }) =>
        outcome !== "answered" &&
        !forgeable &&
        (breakerName(kind, host) === name || breakerName(kind, servesHost) === name),
    );
    if (isSeen || this.#guard.settings.needs.includes(name)) return false;
    permit.keepLocal();
    return true;
  }

  /** No session was there in time, which is a failure of the engine. */
  notConnected(): void {
    if (!this.#settle()) return;
    this.#engine.failure(recordOf(SESSION_TOO_LATE));
    releaseUpstreams(this.#upstreams);
  }

  /**
   * Another limit of ours has ended the command. Nobody is blamed, but hosts with which the engine
   * itself had an exchange that hung until then.
   *
   * @param evidence What its spans have shown since.
   */
  timedOut(evidence: readonly Evidence[]): void {
    if (!this.#settle()) return;
    this.#engine.ignore();
    const { rateLimitOpenMs } = this.#guard.settings;
    for (const seen of evidence) {
      if (seen.outcome !== "failed" || seen.forgeable) continue;
      const name = breakerName(seen.kind, seen.servesHost);
      const upstream = this.#upstreams.get(name);
      if (upstream !== undefined) settleBySpans(upstream.permit, seen, rateLimitOpenMs);
      else this.#recordStranger(name, seen);
    }
    releaseUpstreams(this.#upstreams);
  }

  /** Nothing can be said of anybody. */
  ignored(): void {
    if (!this.#settle()) return;
    this.#engine.ignore();
    releaseUpstreams(this.#upstreams);
  }

  /**
   * Adds the upstream that a failure names: a command tells only at its end what it depends on. A host
   * that the engine asked in the name of another stands for that one.
   *
   * @returns Whether what the words say of it counts in this run alone.
   */
  #addNamed(failure: Failure, evidence: readonly Evidence[], reach: WordsReach): boolean {
    const { upstreamKind: kind, upstream: host, counts, answered } = failure;
    const known = concerned(failure, this.#upstreams);
    if (known !== undefined) {
      const { permit } = this.#upstreams.get(known) as UpstreamInFlight;
      return reach !== "store" && this.#keepFromStore(known, permit, evidence);
    }
    if (kind === null || host === null || !(counts || answered) || reach === "needs") return false;
    const own = breakerName(kind, host);
    const seen = evidence.find((one) => breakerName(one.kind, one.host) === own);
    const name = breakerName(kind, seen?.servesHost ?? host);
    const breaker = counts ? this.#guard.upstream(name) : this.#guard.settings.registry.find(name);
    if (breaker === undefined) return false;
    const shared = this.#guard.unasked(breaker);
    const isLocal = reach !== "store" && this.#keepFromStore(name, shared, evidence);
    const permit = isLocal ? this.#guard.unaskedHere(breaker) : shared;
    this.#upstreams.set(name, { breaker, permit, isGated: false, onlyDeclared: false });
    return isLocal;
  }

  /** A host that only spans know: what failed is recorded, that it answered only where it matters. */
  #recordStranger(name: string, seen: Evidence): void {
    const { registry, rateLimitOpenMs } = this.#guard.settings;
    const breaker = seen.outcome === "answered" ? registry.find(name) : this.#guard.upstream(name);
    if (breaker === undefined) return;
    settleBySpans(this.#guard.unasked(breaker), seen, rateLimitOpenMs);
  }

  #settle(): boolean {
    const first = !this.#settled;
    this.#settled = true;
    return first;
  }
}

/** Code in a container can send spans of a failure, but none that stand outside of all commands. */
function isBelievedAlone({ outcome, forgeable }: Evidence): boolean {
  return outcome === "answered" || !forgeable;
}
