/** A whole command as one call of the guard: what admits it, and what its end means for the breakers. */

import type { Failure } from "../attribution/failure.js";
import { breakerName } from "../attribution/hosts.js";
import type { Evidence } from "../attribution/spans/evidence.js";
import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Permit } from "../breaker/permit.js";
import { SESSION_TOO_LATE } from "../guard/engine-fault.js";
import { recordOf } from "../guard/failure-record.js";
import type { Guard } from "../guard/guard.js";
import {
  settleBySpans,
  settleEngineByAnswer,
  settleUpstreams,
  type UpstreamInFlight,
} from "../guard/settling.js";

/** A command that was let in. It is settled once; what comes after does nothing. */
export class CommandCall {
  readonly #guard: Guard;
  readonly #engine: Permit;
  readonly #upstreams: ReadonlyMap<string, UpstreamInFlight>;
  #settled = false;

  private constructor(
    guard: Guard,
    engine: Permit,
    upstreams: ReadonlyMap<string, UpstreamInFlight>,
  ) {
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
      const breaker = name === guard.engine.name ? undefined : guard.upstream(name);
      if (breaker !== undefined) gated.push(breaker);
    }
    const [engine, ...permits] = await guard.admit([guard.engine, ...gated], signal);
    const upstreams = new Map<string, UpstreamInFlight>();
    for (const [index, breaker] of gated.entries()) {
      const permit = permits[index] as Permit;
      const { generation } = permit;
      upstreams.set(breaker.name, { breaker, permit, generation, onlyDeclared: true });
    }
    return new CommandCall(guard, engine as Permit, upstreams);
  }

  /** Whether nothing has settled it yet. */
  get isOpen(): boolean {
    return !this.#settled;
  }

  /** Gives all permits back: the command's own requests will be counted instead. */
  release(): void {
    if (!this.#settle()) return;
    this.#engine.release();
    for (const { permit } of this.#upstreams.values()) permit?.release();
  }

  /**
   * The command has ended by itself.
   *
   * @param failure What it failed with; null when it did not.
   * @param evidence What its spans prove; undefined without spans.
   */
  ended(failure: Failure | null, evidence: readonly Evidence[] | undefined): void {
    if (!this.#settle()) return;
    const failures = failure === null ? [] : [failure];
    const { rateLimitOpenMs } = this.#guard.settings;
    const named = this.#withNamed(failures);
    settleEngineByAnswer(this.#engine, failures);
    const strangers = settleUpstreams(named, {
      failures,
      proven: new Set(),
      evidence,
      rateLimitOpenMs,
    });
    for (const [name, seen] of strangers) {
      const breaker =
        seen.outcome === "answered"
          ? this.#guard.settings.registry.find(name)
          : this.#guard.upstream(name);
      if (breaker === undefined) continue;
      const { generation } = breaker.getMetrics();
      settleBySpans({ breaker, permit: undefined, generation }, seen, rateLimitOpenMs);
    }
  }

  /** No session was there in time, which is a failure of the engine. */
  notConnected(): void {
    if (!this.#settle()) return;
    this.#engine.failure(recordOf(SESSION_TOO_LATE));
    for (const { permit } of this.#upstreams.values()) permit?.release();
  }

  /** Nothing can be said of anybody. */
  ignored(): void {
    if (!this.#settle()) return;
    this.#engine.ignore();
    for (const { permit } of this.#upstreams.values()) permit?.release();
  }

  /**
   * The upstreams of the command, with the one that its failure names: a command tells only at its
   * end what it depends on, and its own words are better than nothing.
   */
  #withNamed(failures: readonly Failure[]): ReadonlyMap<string, UpstreamInFlight> {
    const upstreams = new Map(this.#upstreams);
    for (const failure of failures) {
      const name = failure.counts || failure.answered ? breakerOf(failure) : null;
      if (name === null || name === this.#guard.engine.name || upstreams.has(name)) continue;
      const breaker = this.#guard.upstream(name);
      if (breaker === undefined) continue;
      const { generation } = breaker.getMetrics();
      upstreams.set(name, { breaker, permit: undefined, generation, onlyDeclared: false });
    }
    return upstreams;
  }

  #settle(): boolean {
    const first = !this.#settled;
    this.#settled = true;
    return first;
  }
}

/** The breaker that a failure belongs to; null when there is none. */
export function breakerOf({ fault, upstream, upstreamKind }: Failure): string | null {
  if (fault === "engine") return "engine";
  return upstream === null || upstreamKind === null ? null : breakerName(upstreamKind, upstream);
}
