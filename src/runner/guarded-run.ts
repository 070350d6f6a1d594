/** Runs a whole command behind the breakers of a guard: admission, attempts, settlement, report. */

import { classifyFailure } from "../attribution/classify-failure.js";
import type { Failure } from "../attribution/failure.js";
import { breakerName } from "../attribution/hosts.js";
import type { Guard } from "../guard/guard.js";
import { ENGINE } from "../guard/guard-options.js";
import { sparedRequestCount } from "../guard/spared-requests.js";
import { backoffMs } from "../policies/backoff.js";
import { delay } from "../policies/delay.js";
import { breakerOf, CommandCall } from "./command-call.js";
import type { Contacts } from "./contacts.js";
import { LearntRun } from "./learnt-run.js";
import { isDagger } from "./program-name.js";
import { rejectionReport } from "./rejection-report.js";
import { isSpanOfRequest } from "./request-signs.js";
import { CommandNotStartedError, exitCodeOf } from "./run-command.js";
import type { RunPlan } from "./run-plan.js";
import type { AttemptReport, Note, RejectionReport, RunFailure, RunReport } from "./run-report.js";
import { RunInterruptedError, RunSignals } from "./run-signals.js";
import { type AttemptEnd, type Signs, superviseCommand } from "./supervised-command.js";

/** Exit codes of our own; else it is the command's. */
const EXIT = { rejected: 75, timedOut: 124 } as const;

const BACKOFF = { initialDelayMs: 1000, backoffFactor: 2, maxDelayMs: 60_000, jitter: true };

/** How a run ended, before it is put into a report. */
type Ending = Pick<RunReport, "outcome" | "exitCode" | "signal"> & {
  readonly rejection?: RejectionReport;
};

/**
 * Runs a command to its end, again where the plan allows it. What keeps it from being watched is told
 * in the report and never keeps it from running.
 */
export async function runGuarded(plan: RunPlan, guard: Guard): Promise<RunReport> {
  const run = new GuardedRun(plan, guard);
  try {
    return await run.run();
  } finally {
    run.release();
  }
}

class GuardedRun {
  readonly #plan: RunPlan;
  readonly #guard: Guard;
  readonly #signals = new RunSignals();
  readonly #learnt: LearntRun;
  readonly #attempts: AttemptReport[] = [];
  readonly #warnings: Note[] = [];
  /** What earlier attempts failed at, and what is asked beside the settings of the guard. */
  readonly #needs: Set<string>;
  #failure: RunFailure | null = null;
  #waitedMs = 0;
  #endsMidLine = false;

  constructor(plan: RunPlan, guard: Guard) {
    this.#plan = plan;
    this.#guard = guard;
    this.#learnt = new LearntRun(plan);
    const enforced = plan.learnt === "enforce" ? this.#learnt.contacts : [];
    this.#needs = new Set([...guard.settings.needs, ...enforced]);
  }

  async run(): Promise<RunReport> {
    const startMs = performance.now();
    this.#warnOfLearnt();
    const ending = await this.#untilOver().catch((error: unknown) => this.#endingBy(error));
    const contacts = await this.#contacts();
    if (this.#endsMidLine) process.stderr.write("\n");
    return {
      outcome: ending.outcome,
      exitCode: ending.exitCode,
      signal: ending.signal,
      durationMs: performance.now() - startMs,
      waitedMs: this.#waitedMs,
      attempts: this.#attempts,
      failure: this.#failure,
      rejection: ending.rejection ?? null,
      sessions: this.#plan.sessions?.counts() ?? null,
      sparedRequests: this.#spared(),
      contacts,
      learnt: this.#learnt.contacts,
      warnings: this.#warnings,
    };
  }

  release(): void {
    this.#signals.release();
  }

  async #untilOver(): Promise<Ending> {
    for (let retries = 0; ; retries += 1) {
      const call = await this.#admit();
      const end = await this.#attempt(call);
      const { received } = this.#signals;
      if (end.exitCode === 0 && end.timedOut === null) return ended("succeeded", end);
      if (received !== undefined) return ended("interrupted", end);
      if (retries >= this.#plan.maxRetries || !this.#mayPass(end)) {
        return end.timedOut === null
          ? ended("failed", end)
          : ended("timed-out", { ...end, exitCode: EXIT.timedOut });
      }
      const failed = this.#failure && breakerOf(this.#failure);
      if (failed !== null) this.#needs.add(failed);
      await delay(backoffMs(retries + 1, BACKOFF, Math.random), this.#signals.any);
    }
  }

  async #admit(): Promise<CommandCall> {
    const startMs = performance.now();
    const call = await CommandCall.admit(this.#guard, this.#needs, this.#signals.any).finally(
      () => {
        if (this.#guard.settings.onOpen === "wait") this.#waitedMs += performance.now() - startMs;
      },
    );
    if (!this.#signals.any.aborted) return call;
    call.release();
    throw this.#signals.any.reason;
  }

  async #attempt(call: CommandCall): Promise<AttemptEnd> {
    const { command, args, env, limits, witness, sessions, sendsTraces } = this.#plan;
    const startMs = performance.now();
    try {
      const end = await superviseCommand({
        command,
        args,
        env: { ...env, ...sessions?.variables, ...(sendsTraces ? witness?.variables : {}) },
        limits,
        signals: this.#signals,
        listen: (signs) => this.#listen(signs, call),
      });
      const durationMs = performance.now() - startMs;
      this.#endsMidLine = end.endsMidLine;
      await this.#settle(call, end);
      const { exitCode, signal, timedOut } = end;
      this.#attempts.push({ exitCode, signal, durationMs, timedOut, failure: this.#failure });
      return end;
    } finally {
      call.release();
    }
  }

  /** Hears of spans and sessions while an attempt runs. */
  #listen(signs: Signs, call: CommandCall): () => void {
    const { witness, sessions } = this.#plan;
    const forgetSpans = witness?.receiver?.onSpans((spans) => {
      signs.progressed();
      if (spans.some(isSpanOfRequest)) signs.connected();
    });
    const forgetSessions = sessions?.onBegin(() => {
      // From now on its requests are what is guarded; a probe that we hold would keep them out.
      call.release();
      signs.progressed();
      signs.connected();
    });
    return () => {
      forgetSpans?.();
      forgetSessions?.();
    };
  }

  async #settle(call: CommandCall, end: AttemptEnd): Promise<void> {
    const isOwn = isDagger(this.#plan.command);
    const evidence = await this.#plan.witness?.evidence(!isOwn && this.#hears());
    const failure = end.exitCode === 0 ? null : failureOf(end, isOwn);
    const counted = call.isOpen && end.timedOut === null && failure?.counts === true;
    this.#failure =
      failure === null || end.timedOut !== null
        ? null
        : { ...failure, breaker: counted ? breakerOf(failure) : null };
    if (this.#signals.received !== undefined) call.ignored();
    else if (end.timedOut === "connect") call.notConnected();
    else if (end.timedOut !== null) call.ignored();
    // A program that has shown no sign of Dagger proves nothing of the engine by its success.
    else if (failure !== null || isOwn || (evidence?.length ?? 0) > 0)
      call.ended(failure, evidence);
  }

  /** Whether any spans can come at all. */
  #hears(): boolean {
    const { witness, sendsTraces, sessions } = this.#plan;
    return witness?.receiver !== undefined && (sendsTraces || sessions?.counts() != null);
  }

  /** Whether a failed attempt may well work when it is made again. */
  #mayPass({ timedOut }: AttemptEnd): boolean {
    if (timedOut !== null) return true;
    const failure = this.#failure;
    return failure?.transient === true && !["user", "cancelled"].includes(failure.fault);
  }

  #endingBy(error: unknown): Ending {
    if (error instanceof RunInterruptedError) {
      const { signal } = error;
      return { outcome: "interrupted", exitCode: exitCodeOf(signal), signal };
    }
    if (error instanceof CommandNotStartedError) {
      this.#warnings.push({ code: "not-started", text: `${error.message}.` });
      return { outcome: "not-started", exitCode: error.exitCode, signal: null };
    }
    const rejection = rejectionReport(error);
    if (rejection === undefined) throw error;
    return { outcome: "rejected", exitCode: EXIT.rejected, signal: null, rejection };
  }

  #warnOfLearnt(): void {
    if (this.#plan.learnt !== "warn") return;
    for (const name of this.#learnt.contacts) {
      if (this.#needs.has(name) || this.#guard.admits(name)) continue;
      const text = `The last run of this command asked ${name}, whose circuit is open.`;
      this.#warnings.push({ code: "learnt-open", text });
    }
  }

  async #contacts(): Promise<Contacts | null> {
    const { witness, command } = this.#plan;
    if (witness?.offReason !== undefined) {
      this.#warnings.push({
        code: "witness-off",
        text: `Traces are not read: ${witness.offReason}.`,
      });
    }
    const trace = await witness?.end(!isDagger(command) && this.#hears());
    const contacts = trace?.contacts;
    if (contacts === undefined || contacts.spans === 0) return null;
    const names = contacts.upstreams.map(
      ({ kind, host, serves }) => serves ?? breakerName(kind, host),
    );
    const problem = this.#learnt.remember([...new Set(names)].filter((name) => name !== ENGINE));
    if (problem !== undefined) {
      const text = `What the command contacted cannot be remembered (${problem}).`;
      this.#warnings.push({ code: "learnt-not-written", text });
    }
    return contacts;
  }

  #spared(): number {
    let count = 0;
    for (const breaker of this.#guard.settings.registry.getAll().values()) {
      count += sparedRequestCount(breaker);
    }
    return count;
  }
}

/** Only dagger's own exit code tells anything; that of a shell or of make may mean whatever it likes. */
function failureOf({ text, exitCode }: AttemptEnd, isOwn: boolean): Failure {
  return classifyFailure(text, isOwn ? { source: "cli", exitCode } : {});
}

function ended(outcome: RunReport["outcome"], { exitCode, signal }: AttemptEnd): Ending {
  return { outcome, exitCode, signal };
}
