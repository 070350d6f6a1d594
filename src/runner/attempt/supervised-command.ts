/** Runs one attempt of a command: its output passes through, and it is ended when it hangs. */

import { type StdioOptions, spawn } from "node:child_process";
import type { Environment } from "../../traces/environment.js";
import type { GroupWatcher } from "../ending/group-watcher.js";
import { ProcessGroup } from "../ending/process-group.js";
import { type StopTimes, stopPlan } from "../ending/stop-plan.js";
import { TerminalState } from "../ending/terminal-state.js";
import type { AttemptInput, CommandInput } from "../input/command-input.js";
import { streamsBehind } from "../input/inherited-descriptors.js";
import { ChildStreams, type OutputError } from "../output/child-streams.js";
import { ConnectedWords, saysConnected } from "../output/connected-words.js";
import { untilPassed } from "../output/last-output.js";
import type { PreparedOutput } from "../output/prepared-output.js";
import type { RunLimit, RunLimits } from "../run-plan.js";
import type { RunSignals } from "../signals/run-signals.js";
import { AttemptLimits } from "./limits.js";
import { type CommandEnd, endOf } from "./run-command.js";

/** How an attempt ended. */
export interface AttemptEnd extends CommandEnd {
  readonly timedOut: RunLimit | null;
  /** Both ends of what it wrote, as far as that could be read. */
  readonly text: string;
  /** The same at the moment when a limit was over: before it was told to end. */
  readonly textAtLimit?: string | undefined;
  /** Whether some of it went to a terminal, where it is not read. */
  readonly isUnread: boolean;
  /** Whether output was dropped because our reader had no more time. */
  readonly isCut: boolean;
  /** Which of our own streams could not be written, and why; null when all could. */
  readonly outputError: OutputError | null;
  /** Whether there was a sign of a session to an engine. */
  readonly connected: boolean;
  /** Whether limits were not kept because nothing could show that they were due. */
  readonly isUnwatched: boolean;
}

/** What one attempt is given. */
export interface Attempt {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly input: CommandInput;
  readonly output: PreparedOutput;
  readonly limits: RunLimits;
  readonly stop: StopTimes;
  /** Whether the command is dagger itself. */
  readonly isOwn: boolean;
  readonly signals: RunSignals;
  readonly watcher: GroupWatcher;
  /** Whether traces or logs may come that show that it lives. */
  readonly isHeard: boolean;
  /** Tells of traces and sessions while it runs; to be let go of at its end. */
  readonly listen: (signs: Signs) => () => void;
  /** A limit is over, and the command is about to be told to end. */
  readonly onLimit: (limit: RunLimit) => void;
}

/** What shows that a command lives. */
export interface Signs {
  progressed(): void;
  connected(): void;
  /** The last session is lost. */
  sessionLost(): void;
}

/** How long our reader has, once a limit or a signal has ended a command, to take the last of its output. */
const LAST_OUTPUT_MS = 1_000;

/**
 * Runs an attempt to its end.
 *
 * @throws CommandNotStartedError
 */
export async function superviseCommand(attempt: Attempt): Promise<AttemptEnd> {
  const { command, args, env, signals, stop, isOwn, watcher } = attempt;
  const { plan } = attempt.output;
  const leads = !plan.hasTerminal;
  // Without limits nothing of ours ever kills it on a terminal.
  const terminal = plan.hasTerminal && hasLimits(attempt.limits) ? new TerminalState() : undefined;
  const isUnwatched = plan.isUnread && !attempt.isHeard;
  const words = new ConnectedWords(() => limits.connected());
  const streams = ChildStreams.over(plan, await attempt.output.take(), (chunk) => {
    limits.progressed();
    words.add(chunk);
  });
  const cut = new AbortController();
  let group: ProcessGroup | undefined;
  let isRunning = true;
  let textAtLimit: string | undefined;
  let ended: Promise<void> | undefined;
  const limits = new AttemptLimits(seenLimits(attempt.limits, plan.isUnread, isUnwatched), {
    onOver: (limit) => {
      attempt.onLimit(limit);
      textAtLimit = streams.text;
      if (isRunning) ended = group?.end(stopPlan(isOwn, stop));
      else cut.abort();
    },
    isHeldUp: () => streams.isHeldUp,
  });
  const forget = attempt.listen(limits);
  let input: AttemptInput | undefined;
  try {
    const given = await attempt.input.next();
    input = given;
    signals.any.throwIfAborted();
    const end = await endOf(command, () => {
      const others = streamsBehind(given.others);
      const stdio: StdioOptions = [given.stdin, ...streams.stdio, ...others];
      const child = spawn(command, args, { env, stdio, detached: leads });
      if (child.pid === undefined) return child;
      streams.started(child);
      given.started(child);
      group = new ProcessGroup(child, leads);
      signals.passTo(child, group, {
        sharesTerminal: !leads,
        interruptsFirst: isOwn,
        killAfterMs: leads ? stop.outsideMs : undefined,
        clocks: limits,
        hasOutputFailed: () => streams.error !== null,
      });
      if (group.id !== undefined) watcher.guard(group.id);
      return child;
    });
    isRunning = false;
    limits.commandEnded();
    await ended;
    watcher.rest();
    if (end.signal !== null && group?.isTold === true) terminal?.restore();
    const isWhole = await lastOutput(streams, signals, cut, limits.over !== null);
    limits.end();
    const { text } = streams;
    return {
      ...end,
      timedOut: limits.over,
      text,
      textAtLimit,
      isUnread: plan.isUnread,
      isCut: !isWhole,
      outputError: streams.error,
      connected: limits.isConnected || saysConnected(text),
      isUnwatched: isUnwatched && hasMore(attempt.limits),
    };
  } finally {
    limits.end();
    watcher.rest();
    forget();
    input?.close();
    streams.close();
  }
}

/**
 * Waits for the last output. A signal ends the wait at once. One that came while the command ran, as a
 * limit, leaves our reader a moment.
 */
async function lastOutput(
  streams: ChildStreams,
  signals: RunSignals,
  cut: AbortController,
  isTimedOut: boolean,
): Promise<boolean> {
  const isInterrupted = signals.received !== undefined;
  const end = (): void => cut.abort();
  signals.any.addEventListener("abort", end);
  const forMs = isInterrupted || isTimedOut ? LAST_OUTPUT_MS : undefined;
  try {
    return await untilPassed(streams, { cut: cut.signal, forMs });
  } finally {
    signals.any.removeEventListener("abort", end);
  }
}

/** Where neither output nor traces are read, silence says nothing. */
function seenLimits(limits: RunLimits, isUnread: boolean, isUnwatched: boolean): RunLimits {
  if (isUnwatched) return { timeoutMs: limits.timeoutMs };
  return isUnread ? { ...limits, lostSessionGraceMs: undefined } : limits;
}

function hasLimits(limits: RunLimits): boolean {
  return limits.timeoutMs !== undefined || hasMore(limits);
}

function hasMore({ connectTimeoutMs, idleTimeoutMs }: RunLimits): boolean {
  return connectTimeoutMs !== undefined || idleTimeoutMs !== undefined;
}
