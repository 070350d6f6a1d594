/** Runs a schedule on a breaker and on the reference model, and compares them after every step. */

import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { Permit } from "../../src/breaker/calls/permit.js";
import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import { CircuitBreakerError, type CircuitBreakerOpenError } from "../../src/breaker/errors.js";
import { EVENT_NAMES, type StateChangeEvent } from "../../src/breaker/events.js";
import type { Outcome } from "../../src/breaker/options.js";
import type { TripOptions } from "../../src/breaker/trip/trip-options.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { deferred } from "./harness.js";
import {
  CHANCE,
  ReferenceModel,
  type ReferenceOptions,
  type ReferencePermit,
} from "./reference-model.js";
import type { Command } from "./schedules.js";

/** A call through `execute` that has not ended yet. */
interface Running {
  readonly permit: ReferencePermit;
  readonly result: Promise<unknown>;
  readonly abort: AbortController | undefined;
  resolve(value: string): void;
  reject(error: unknown): void;
}

/** Runs one schedule on a breaker and on the model, and compares them after every step. */
export class Comparison {
  readonly #clock = new VirtualClock();
  readonly #breaker: CircuitBreaker;
  readonly #model: ReferenceModel;
  readonly #permits: { readonly real: Permit; readonly model: ReferencePermit }[] = [];
  readonly #running: Running[] = [];
  readonly #options: ReferenceOptions;
  readonly #heard: Record<string, number> = {};
  readonly #changes: StateChangeEvent[] = [];
  #settled = 0;
  #before: Readonly<Record<string, number>> = {};

  constructor(options: ReferenceOptions, listens: boolean) {
    this.#options = options;
    this.#model = new ReferenceModel(options);
    this.#breaker = new CircuitBreaker({
      ...options,
      trip: options.trip as TripOptions,
      clock: this.#clock,
      random: () => CHANCE,
      retryAfter: (error) => (error as { retryAfterMs?: number }).retryAfterMs,
    });
    if (!listens) return;
    for (const name of EVENT_NAMES) {
      this.#heard[name] = 0;
      this.#breaker.on(name, () => this.#hear(name));
    }
    this.#breaker.on("stateChange", (change) => void this.#changes.push(change));
  }

  #hear(name: string): void {
    this.#heard[name] = (this.#heard[name] ?? 0) + 1;
  }

  async run(commands: readonly Command[]): Promise<void> {
    this.#compare();
    for (const next of commands) {
      await this.#step(next);
      this.#compare();
    }
    for (const { resolve } of this.#running) resolve("the schedule is over");
    this.#compareEvents();
  }

  async #step(next: Command): Promise<void> {
    if (next.kind === "acquire") return this.#acquire();
    if (next.kind === "settle") return this.#settle(next);
    if (next.kind === "steer") return this.#steer(next.how);
    if (next.kind === "execute") return this.#execute(next.signal, next.asResult);
    if (next.kind === "finish") return this.#finish(next.pick, next.how);
    if (next.kind === "step") {
      this.#clock.advance(next.ms);
      this.#model.nowMs += next.ms;
      return;
    }
    const generation = Math.max(1, this.#model.generation - next.generationsAgo);
    this.#settled += 1;
    this.#model.record(next.outcome, generation, next.durationMs);
    this.#breaker.record(next.outcome, { generation, durationMs: next.durationMs });
  }

  #acquire(): void {
    const model = this.#model.admit();
    const real = this.#breaker.tryAcquire();
    if (real instanceof Permit && "settled" in model) {
      same(real.generation, model.generation);
      this.#permits.push({ real, model });
    } else {
      this.#compareRejection(real, model);
    }
  }

  #settle({ pick: index, how, detail: given, durationMs: ownMs }: Command & { kind: "settle" }) {
    const chosen = this.#permits[index % Math.max(1, this.#permits.length)];
    if (chosen === undefined) return;
    const { real, model } = chosen;
    if (!model.settled && !model.wouldReject && how !== "release") this.#settled += 1;
    if (how === "success") {
      this.#model.settle(model, how, { durationMs: ownMs });
      real.success({ durationMs: ownMs });
    } else if (how === "failure") {
      this.#model.settle(model, how, given);
      real.failure(new Error("down"), given);
    } else {
      this.#model.settle(model, how);
      if (how === "ignored") real.ignore();
      else real.release();
    }
  }

  #steer(how: string): void {
    if (how === "isolate") {
      this.#model.steer("isolated", "maintenance");
      this.#breaker.isolate("maintenance");
    } else if (how === "observe") {
      this.#model.steer("observe");
      this.#breaker.observe();
    } else if (how === "disable") {
      this.#model.steer("disabled");
      this.#breaker.disable();
    } else if (how === "release") {
      this.#model.steer("automatic");
      this.#breaker.release();
    } else {
      this.#model.reset();
      this.#breaker.reset();
    }
  }

  async #execute(signalKind: string, asResult: boolean): Promise<void> {
    const abort = signalKind === "none" ? undefined : new AbortController();
    if (signalKind === "aborted") abort?.abort();
    const { promise, resolve, reject } = deferred();
    let called = false;
    const operation = () => {
      called = true;
      return promise;
    };
    const options = abort && { signal: abort.signal };
    const model = signalKind === "aborted" ? undefined : this.#model.admit();
    const result = asResult
      ? this.#breaker.tryExecute(operation, options)
      : this.#breaker.execute(operation, options);
    const admitted = model !== undefined && "settled" in model;
    same(called, admitted);
    if (admitted) {
      this.#running.push({ permit: model, result, abort, resolve, reject });
      return;
    }
    const error = asResult
      ? ((await result) as unknown as { error: unknown }).error
      : await result.catch((reason: unknown) => reason);
    if (model === undefined) expect(error).toBe(abort?.signal.reason);
    else this.#compareRejection(error, model);
  }

  async #finish(index: number, how: string): Promise<void> {
    const [call] = this.#running.splice(index % Math.max(1, this.#running.length), 1);
    if (call === undefined) return;
    const { permit, abort } = call;
    let outcome: Outcome = "failure";
    let retryAfterMs: number | undefined;
    if (how === "value") {
      outcome = "success";
      call.resolve("value");
    } else if (how === "retryAfter") {
      retryAfterMs = 4_000;
      call.reject({ retryAfterMs });
    } else if (how === "refused") {
      outcome = "ignored";
      call.reject(new CircuitBreakerError("full", "FULL", { refused: true }));
    } else if (how === "abort-error") {
      abort?.abort(new Error("stop"));
      outcome = abort === undefined ? "failure" : "ignored";
      call.reject(new DOMException("aborted elsewhere", "AbortError"));
    } else if (how === "abort" || how === "timeout") {
      const reason = new DOMException("ended", how === "abort" ? "AbortError" : "TimeoutError");
      abort?.abort(reason);
      outcome = abort === undefined || how === "timeout" ? "failure" : "ignored";
      call.reject(reason);
    } else {
      abort?.abort();
      call.reject(new Error("an error of its own"));
    }
    if (!permit.wouldReject) this.#settled += 1;
    this.#model.settle(permit, outcome, { retryAfterMs });
    await call.result.catch(() => undefined);
  }

  #compareRejection(real: unknown, model: object): void {
    const { state, reason, retryAfterMs, generation } = real as CircuitBreakerOpenError;
    same({ reason, retryAfterMs }, model);
    same([state, generation], [this.#model.state, this.#model.generation]);
  }

  #compare(): void {
    const metrics = this.#breaker.getMetrics();
    const { failures, transitions, openTimeMs, ...others } = metrics;
    same(others, this.#model.metrics("default"));
    same(sumOf(failures), metrics.metrics.failureCount);
    same(sumOf(transitions), metrics.metrics.stateChanges);
    // The breaker rounds its open time down to whole milliseconds, so it can be up to 1 ms shorter.
    const roundedMs = this.#model.openTimeMs - openTimeMs;
    same(roundedMs > -0.001 && roundedMs < 1.001, true);
    same(this.#breaker.state, this.#model.state);
    same(this.#breaker.check(), this.#model.ask());
    const { successCount, failureCount, ignoredCount, lateCount } = metrics.metrics;
    same(successCount + failureCount + ignoredCount + lateCount, this.#settled);
    const counts: Readonly<Record<string, number>> = { ...metrics.metrics };
    const wentBack = Object.keys(counts).filter(
      (key) => Number(counts[key]) < Number(this.#before[key]),
    );
    same(wentBack, []);
    same(this.#model.liveProbes.length <= this.#options.halfOpenMaxCalls, true);
    this.#before = counts;
  }

  #compareEvents(): void {
    if (Object.keys(this.#heard).length === 0) return;
    const { metrics } = this.#breaker.getMetrics();
    const { stateChange: _, ...outcomes } = this.#heard;
    expect(outcomes).toEqual({
      success: metrics.successCount,
      failure: metrics.failureCount,
      ignored: metrics.ignoredCount,
      late: metrics.lateCount,
      rejected: metrics.rejectedCount,
    });
    const visible = this.#changes.filter(({ from, to }) => from !== to);
    expect(visible.length).toBe(metrics.stateChanges);
    const { transitions } = this.#breaker.getMetrics();
    for (const { from, to, reason, count } of transitions) {
      const heard = visible.filter(
        (change) => change.from === from && change.to === to && change.reason === reason,
      );
      same(heard.length, count);
    }
    same(
      this.#changes.map(({ trip }) => trip),
      this.#changes.map(({ generation }) => this.#model.trips.get(generation)),
    );
    const states = ["closed", ...visible.map(({ to }) => to)];
    expect(visible.map(({ from }) => from)).toEqual(states.slice(0, -1));
  }
}

function sumOf(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** Works like `expect(real).toEqual(model)`, which is too slow for a hundred thousand calls. */
function same(real: unknown, model: unknown): void {
  if (!isDeepStrictEqual(real, model)) expect(real).toEqual(model);
}
