/** A whole command as one call of the guard: what admits it, and what its end means for the breakers. */

import type { Failure } from "../attribution/failure.js";
import { breakerName } from "../attribution/hosts.js";
import type { Evidence } from "../attribution/spans/evidence.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { CallPermit } from "../breaker/permit.js";
import { SESSION_TOO_LATE } from "../guard/engine-fault.js";
import { recordOf } from "../guard/failure-record.js";
import type { Guard } from "../guard/guard.js";
import { ENGINE } from "../guard/guard-options.js";
import {
  concerned,
  releaseUpstreams,
  settleBlamed,
  settleBySpans,
  settleEngineByAnswer,
  settleOthers,
  type UpstreamInFlight,
} from "../guard/settling.js";

/** What is known of a command that has ended by itself. */
export interface CommandFindings {
  /** What it failed with; null when it did not. */
  readonly failure: Failure | null;
  /** What its spans prove; undefined without spans. */
  readonly evidence: readonly Evidence[] | undefined;
  /** Whether an engine has worked for it, as far as that could be seen. */
  readonly provesEngine: boolean;
  /** Whether its own words may name an upstream that nobody knew it had: those of dagger may. */
  readonly mayName: boolean;
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
   * @throws What `Guard.admit` throws.
   */
  static async admit(
    guard: Guard,
    needs: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<CommandCall> {
    const gated: CircuitBreaker[] = [];
    for (const name of needs) {
      const breaker = name === ENGINE ? undefined : guard.upstream(name);
      if (breaker !== undefined) gated.push(breaker);
    }
    const [engine, ...permits] = await guard.admit([guard.engine, ...gated], signal);
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
   * @returns The breaker that has counted its failure; null when none has.
   */
  ended({ failure, evidence, provesEngine, mayName }: CommandFindings): string | null {
    if (!this.#settle()) return null;
    const failures = failure === null ? [] : [failure];
    if (provesEngine || failure?.fault === ENGINE) settleEngineByAnswer(this.#engine, failures);
    else this.#engine.ignore();
    if (failure !== null && mayName) this.#addNamed(failure, evidence ?? []);
    const { rateLimitOpenMs } = this.#guard.settings;
    const strangers = settleOthers(this.#upstreams, {
      failures,
      blamed: settleBlamed(this.#upstreams, failures, rateLimitOpenMs),
      proven: new Set(),
      evidence,
      rateLimitOpenMs,
    });
    for (const [name, seen] of strangers) this.#recordStranger(name, seen);
    if (failure?.counts !== true) return null;
    if (failure.fault === ENGINE) return ENGINE;
    const failed = [...strangers].find(([, { outcome }]) => outcome !== "answered");
    return concerned(failure, this.#upstreams) ?? failed?.[0] ?? null;
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
   */
  #addNamed(failure: Failure, evidence: readonly Evidence[]): void {
    const { upstreamKind: kind, upstream: host, counts, answered } = failure;
    if (kind === null || host === null || !(counts || answered)) return;
    if (concerned(failure, this.#upstreams) !== undefined) return;
    const own = breakerName(kind, host);
    const seen = evidence.find((one) => breakerName(one.kind, one.host) === own);
    const name = breakerName(kind, seen?.servesHost ?? host);
    const breaker = counts ? this.#guard.upstream(name) : this.#guard.settings.registry.find(name);
    if (breaker === undefined) return;
    const permit = this.#guard.unasked(breaker);
    this.#upstreams.set(name, { breaker, permit, isGated: false, onlyDeclared: false });
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
