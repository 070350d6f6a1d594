/** Runs a whole command behind the breakers of a guard, and reports how the run ended. */

import { sparedRequestCount } from "../guard/admission/avoided-requests.js";
import { ENGINE } from "../guard/engine-name.js";
import type { Guard } from "../guard/guard.js";
import { delay } from "../policies/delay.js";
import type { OnWait } from "../policies/wait.js";
import { parseTraceparent } from "../traces/trace-context.js";
import { settleAttempt } from "./attempt/attempt-outcome.js";
import { CommandCall } from "./attempt/command-call.js";
import { limitMs } from "./attempt/limits.js";
import { decideRetry } from "./attempt/retry-delay.js";
import { CommandNotStartedError } from "./attempt/run-command.js";
import type { RunFailure } from "./attempt/run-failure.js";
import { type AttemptEnd, type Signs, superviseCommand } from "./attempt/supervised-command.js";
import type { Contacts } from "./contacts/contacts.js";
import { LearnedRun } from "./contacts/learned-run.js";
import { isCanceledCommand, isSpanOfRequest } from "./contacts/request-signs.js";
import { GroupWatcher } from "./ending/group-watcher.js";
import { STOP_TIMES } from "./ending/stop-plan.js";
import { exportsOf, hearsSteps, isTraced } from "./heard.js";
import { CommandInput } from "./input/command-input.js";
import { PreparedOutput } from "./output/prepared-output.js";
import { isDagger } from "./program-name.js";
import {
  EXIT,
  ended,
  endingBy,
  interrupted,
  isSuccess,
  type RunEnding,
  unsuccessful,
} from "./report/run-ending.js";
import { RunNotes } from "./report/run-notes.js";
import { type OnProgress, WaitTeller } from "./report/run-progress.js";
import type { AttemptReport, RunReport } from "./report/run-report.js";
import type { RunPlan } from "./run-plan.js";
import { RunSignals } from "./signals/run-signals.js";

/**
 * Runs a command to its end, with retries if the plan allows them. If output or traces cannot be
 * read, the report contains a note.
 *
 * @param onProgress Called for events between attempts, as they happen.
 */
export async function runGuarded(
  plan: RunPlan,
  guard: Guard,
  onProgress?: OnProgress,
): Promise<RunReport> {
  const run = new GuardedRun(plan, guard, onProgress);
  try {
    return await run.run();
  } finally {
    run.release();
  }
}

class GuardedRun {
  readonly #plan: RunPlan;
  readonly #guard: Guard;
  readonly #signals: RunSignals;
  readonly #watcher: GroupWatcher;
  readonly #input: CommandInput;
  readonly #output: PreparedOutput;
  readonly #learnt: LearnedRun;
  readonly #attempts: AttemptReport[] = [];
  readonly #notes = new RunNotes();
  readonly #isOwn: boolean;
  readonly #forgetSessions: (() => void) | undefined;
  /** Whether the environment already contains a session, which the command then uses. */
  #inheritsSession = false;
  #onSession: () => void = () => {
    this.#inheritsSession = true;
  };
  /** The circuits to ask before each attempt. A failed attempt adds the circuit of its failure. */
  readonly #needs: Set<string>;
  #failure: RunFailure | null = null;
  #waitedMs = 0;
  /** Whether the command's spans show that its user canceled it. */
  #isCanceled = false;
  #notRepeated: string | null = null;
  readonly #onProgress: OnProgress | undefined;
  readonly #waits = new WaitTeller((progress) => this.#onProgress?.(progress));

  constructor(plan: RunPlan, guard: Guard, onProgress: OnProgress | undefined) {
    this.#onProgress = onProgress;
    this.#signals = plan.signals ?? new RunSignals();
    this.#plan = plan;
    this.#guard = guard;
    this.#watcher = new GroupWatcher(plan.env, plan.sessions?.folder);
    this.#input = new CommandInput(plan);
    this.#output = plan.output ?? new PreparedOutput();
    this.#isOwn = isDagger(plan.command);
    this.#learnt = new LearnedRun(plan);
    const enforced = plan.learnt === "enforce" ? this.#learnt.contacts : [];
    this.#needs = new Set([...guard.settings.needs, ...enforced]);
    this.#forgetSessions = plan.sessions?.onBegin(() => this.#onSession());
    this.#onSession = () => undefined;
    if (!this.#isOwn) return;
    const { spanId: outer = "" } = parseTraceparent(plan.env.TRACEPARENT) ?? {};
    plan.tracing?.receiver?.onSpans((spans) => {
      this.#isCanceled ||= spans.some((span) => isCanceledCommand(span, outer));
    });
  }

  async run(): Promise<RunReport> {
    const startMs = performance.now();
    await this.#warnOfLearned();
    const ending = await this.#untilOver().catch((error: unknown) => this.#endingBy(error));
    const contacts = await this.#contacts(ending.outcome === "succeeded");
    return {
      outcome: ending.outcome,
      exitCode: ending.exitCode,
      signal: ending.signal,
      durationMs: performance.now() - startMs,
      waitedMs: this.#waitedMs,
      avoidedMs: 0,
      attempts: this.#attempts,
      notRepeated: this.#notRepeated,
      failure: this.#failure,
      rejection: ending.rejection ?? null,
      sessions: this.#plan.sessions?.counts() ?? null,
      sparedRequests: this.#spared(),
      contacts,
      lockedImages: this.#plan.sessions?.lockedImages?.() ?? [],
      learnt: this.#learnt.contacts,
      warnings: this.#notes.all,
    };
  }

  release(): void {
    this.#signals.release();
    this.#watcher.end();
    this.#input.close();
    void this.#output.close();
    this.#forgetSessions?.();
  }

  async #untilOver(): Promise<RunEnding> {
    for (let retries = 0, last: AttemptEnd | undefined; ; retries += 1) {
      const call = await this.#admit();
      if (last !== undefined && this.#input.usedUp !== undefined) {
        call.release();
        return this.#notRetried(last);
      }
      const end = await this.#attempt(call);
      last = end;
      if (end.outputError !== null) return ended("failed", { ...end, exitCode: EXIT.notWritten });
      if (isSuccess(end)) return ended("succeeded", end);
      const { received } = this.#signals;
      if (received !== undefined) return interrupted(end, received, this.#signals.translated);
      if (this.#wasCanceled(end)) return ended("interrupted", end);
      const failed = { end, failure: this.#failure, retry: retries + 1 };
      const { delayMs, why } = decideRetry(failed, this.#plan, this.#guard, this.#needs);
      if (delayMs === undefined) return this.#notRetried(end, why);
      // A rejection by a circuit is reported in preference to input that cannot be read again.
      const isRejected = !this.#isAdmitted && this.#guard.settings.onOpen === "reject";
      if (!isRejected && this.#input.usedUp !== undefined) return this.#notRetried(end);
      this.#tellRetry(retries + 1, delayMs);
      this.#waits.waits(null, delayMs);
      await delay(delayMs, this.#signals.any).finally(() => this.#waits.end());
    }
  }

  #notRetried(end: AttemptEnd, why = this.#input.usedUp ?? null): RunEnding {
    this.#notRepeated = why;
    return unsuccessful(end);
  }

  /**
   * Reports a retry and its delay. Reports nothing if an open circuit will reject the retry. If the
   * retry waits for a circuit, the delay is null, because that wait is reported next.
   */
  #tellRetry(number: number, delayMs: number): void {
    const attempt = this.#attempts.at(-1);
    const rejects = delayMs === 0 && !this.#isAdmitted;
    if (attempt === undefined || (rejects && this.#guard.settings.onOpen === "reject")) return;
    const of = this.#plan.maxRetries + 1;
    const nextMs = rejects ? null : delayMs;
    this.#onProgress?.({ kind: "retrying", attempt, number, of, delayMs: nextMs });
  }

  get #isAdmitted(): boolean {
    return [ENGINE, ...this.#needs].every((name) => this.#guard.admits(name));
  }

  async #admit(): Promise<CommandCall> {
    const startMs = performance.now();
    const onWait: OnWait = ({ breakerName }, waitMs) => this.#waits.waits(breakerName, waitMs);
    const call = await CommandCall.admit(
      this.#guard,
      this.#needs,
      this.#signals.any,
      onWait,
    ).finally(() => {
      this.#waits.end();
      if (this.#guard.settings.onOpen === "wait") this.#waitedMs += performance.now() - startMs;
    });
    if (!this.#signals.any.aborted) return call;
    call.release();
    throw this.#signals.any.reason;
  }

  async #attempt(call: CommandCall): Promise<AttemptEnd> {
    const { command, args, env, limits, tracing, sessions, sendsTraces } = this.#plan;
    const startMs = performance.now();
    const rejectedBefore = sessions?.lastRejection();
    try {
      const end = await superviseCommand({
        command,
        args,
        env: { ...env, ...sessions?.variables, ...(sendsTraces ? exportsOf(this.#plan) : {}) },
        input: this.#input,
        output: this.#output,
        limits: { ...limits, idleFromFirstSign: this.#isOwn && !hearsSteps(this.#plan) },
        stop: { ...STOP_TIMES, ...this.#plan.stop },
        isOwn: this.#isOwn,
        signals: this.#signals,
        watcher: this.#watcher,
        isHeard: isTraced(this.#plan) || hearsSteps(this.#plan),
        listen: (signs) => this.#listen(signs, call),
        onLimit: (limit) => tracing?.dropped(limitMs(limits, limit)),
      });
      const durationMs = performance.now() - startMs;
      const isSignaled = this.#signals.received !== undefined;
      const exchanges = isSignaled ? undefined : await tracing?.exchanges();
      const rejected = sessions?.lastRejection();
      this.#failure = settleAttempt(call, {
        end,
        rejectedRequest: rejected === rejectedBefore ? null : (rejected ?? null),
        exchanges,
        command: [command, ...args],
        isOwn: this.#isOwn,
        isTraced: isTraced(this.#plan),
        isInterrupted: isSignaled || this.#wasCanceled(end),
      });
      const { exitCode, signal, timedOut, outputError } = end;
      const failure = this.#failure;
      this.#attempts.push({ exitCode, signal, durationMs, timedOut, outputError, failure });
      this.#notes.addUnread(end, failure);
      if (!this.#isOwn && !sendsTraces) this.#notes.addUnheard(end);
      return end;
    } finally {
      call.release();
    }
  }

  #wasCanceled({ timedOut, exitCode }: AttemptEnd): boolean {
    return this.#isCanceled && timedOut === null && exitCode !== 0;
  }

  /** Listens to signs of progress during an attempt. Returns a function that stops listening. */
  #listen(signs: Signs, call: CommandCall): () => void {
    const { tracing, steps } = this.#plan;
    const forgetSteps = steps?.onOutput(() => signs.progressed());
    const forgetSpans = tracing?.receiver?.onSpans((spans) => {
      signs.progressed();
      if (spans.some(isSpanOfRequest)) signs.connected();
    });
    const forgetLoss = this.#plan.sessions?.onAllLost?.(() => signs.sessionLost());
    this.#onSession = () => {
      // The session's requests are guarded one by one. The command's probe slot would block them.
      call.release();
      signs.progressed();
      signs.connected();
    };
    if (this.#inheritsSession) this.#onSession();
    return () => {
      forgetSpans?.();
      forgetSteps?.();
      forgetLoss?.();
      this.#onSession = () => undefined;
    };
  }

  #endingBy(error: unknown): RunEnding {
    if (error instanceof CommandNotStartedError)
      this.#notes.add("not-started", `${error.message}.`);
    const { onOpen, maxWaitMs } = this.#guard.settings;
    return endingBy(error, onOpen === "wait" ? maxWaitMs : null);
  }

  async #warnOfLearned(): Promise<void> {
    if (this.#plan.learnt !== "warn") return;
    await this.#guard.refresh(this.#learnt.contacts);
    for (const name of this.#learnt.contacts) {
      if (this.#needs.has(name) || this.#guard.admits(name)) continue;
      this.#notes.add(
        "learnt-open",
        `The last run of this command used ${name}, whose circuit is open.`,
      );
    }
  }

  async #contacts(hasSucceeded: boolean): Promise<Contacts | null> {
    const { tracing } = this.#plan;
    if (tracing?.offReason !== undefined) {
      this.#notes.add("witness-off", `Traces are not read: ${tracing.offReason}.`);
    }
    const isInterrupted = this.#signals.received !== undefined;
    const trace = await tracing?.end({ isHurried: isInterrupted });
    const contacts = trace?.contacts;
    if (contacts === undefined || contacts.spans === 0) return null;
    const problem = this.#learnt.remember(contacts, hasSucceeded);
    if (problem !== undefined) {
      const text = `The upstreams that this run contacted cannot be stored (${problem}).`;
      this.#notes.add("learnt-not-written", text);
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
