/** Guards sessions in this process. When they have ended, counts their run in the store. */

import type { RunRecord } from "../../fleet/rules/run-report.js";
import { Guard } from "../../guard/guard.js";
import { GuardedSessions } from "../../proxy/guarded-sessions.js";
import type { OpeningSession, SessionHost } from "../../proxy/sessions/session-host.js";
import type { StandInEnd } from "../../proxy/stand-in/stand-in.js";
import { rejectionReport } from "../../runner/report/rejection-report.js";
import type { Note } from "../../runner/report/run-report.js";
import { type EngineTraces, startEngineTraces } from "../../traces/engine-traces.js";
import { type JoinedFleet, joinFleet } from "../fleet-guard.js";
import { checkRateLimitOpen, guardOptionsFrom, tracesFrom } from "../guard-settings.js";
import { otlpFrom, sendMetrics } from "../otlp.js";
import { say, type Terminal } from "../terminal.js";
import { failedSession, type SessionFacts, sessionRun } from "./session-run.js";

/** The end of a stand-in: its exit, or the rejection by a circuit. */
export type SessionEnd = StandInEnd | { readonly rejection: unknown };

/** The parts of a guarded session. They do not exist if a surrounding `run` opened the session. */
interface OwnParts {
  readonly guard: Guard;
  readonly sessions: GuardedSessions;
  readonly joined: JoinedFleet | undefined;
  readonly traces: EngineTraces | undefined;
  /** Whether requests were running when the first signal arrived; undefined without a signal. */
  isBusyAtSignal: boolean | undefined;
}

/**
 * The host of sessions in this process. It creates the guard only when the first session begins.
 */
export class OwnSessions implements SessionHost {
  readonly #terminal: Terminal;
  readonly #startMs = performance.now();
  #parts: OwnParts | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  async begin(signal?: AbortSignal, workdir?: string): Promise<OpeningSession> {
    const { env } = this.#terminal;
    const guardOptions = guardOptionsFrom({}, env);
    checkRateLimitOpen(guardOptions);
    const joined = await joinFleet({}, env);
    const guard = new Guard({ ...guardOptions, fleet: joined?.fleet });
    const reads = tracesFrom({}, env) !== "off";
    const traces = reads ? await startEngineTraces(env) : undefined;
    const isRead = traces?.receiver !== undefined;
    const sessions = new GuardedSessions(guard, isRead ? traces : undefined);
    const parts: OwnParts = { guard, sessions, joined, traces, isBusyAtSignal: undefined };
    this.#parts = parts;
    const note = (): void => {
      parts.isBusyAtSignal ??= sessions.progress.isBusy;
    };
    signal?.addEventListener("abort", note, { once: true });
    return sessions.begin(signal, workdir);
  }

  /**
   * Closes the sessions, and reports their run. A session in a surrounding `run` is not counted,
   * because that `run` is counted.
   *
   * @param end Undefined after a bug of this program. Such an end is not counted.
   */
  async close(end: SessionEnd | undefined): Promise<void> {
    if (this.#parts === undefined) return;
    const { sessions, joined, traces } = this.#parts;
    const isBusy = this.#parts.isBusyAtSignal ?? sessions.progress.isBusy;
    await sessions.close();
    await traces?.receiver?.close();
    const isOfRun = Boolean(this.#terminal.env.DAGGER_BREAKER_RUN);
    const run =
      end === undefined || isOfRun ? undefined : await this.#count(this.#parts, end, isBusy);
    const notes = await Promise.all([joined?.leave(), run && this.#send(run, this.#parts)]);
    for (const { text } of notes.flatMap((some) => some ?? [])) {
      say(this.#terminal, `dagger-breaker: ${text}`);
    }
  }

  async #send(run: RunRecord, { guard }: OwnParts): Promise<readonly Note[]> {
    const { env } = this.#terminal;
    return otlpFrom({}, env) ? sendMetrics(run, guard, {}, env) : [];
  }

  async #count(
    { guard, sessions, joined }: OwnParts,
    end: SessionEnd,
    isBusy: boolean,
  ): Promise<RunRecord> {
    const fleet = joined?.fleet;
    const isRejected = "rejection" in end;
    const rejection = isRejected ? rejectionReport(end.rejection) : undefined;
    const circuit = rejection?.scope == null ? undefined : rejection.upstream;
    const facts: SessionFacts = {
      end: isRejected ? undefined : end,
      openProblem: sessions.progress.openProblem,
      isBusy,
      startMs: this.#startMs,
      durationMs: performance.now() - this.#startMs,
      waitedMs: guard.waitTime.totalMs,
      avoidedMs: circuit === undefined ? 0 : ((await fleet?.runs.timeToFailureMs(circuit)) ?? 0),
    };
    const run = sessionRun(facts);
    fleet?.runs.tell(run, failedSession(facts, guard.settings.engineHost));
    return run;
  }
}
