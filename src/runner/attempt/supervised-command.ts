/** Runs one attempt of a command. Passes the output through, and ends the command when it hangs. */

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
import { untilPassed } from "../output/output-after-end.js";
import type { PreparedOutput } from "../output/prepared-output.js";
import type { RunLimit, RunLimits } from "../run-plan.js";
import type { RunSignals } from "../signals/run-signals.js";
import { AttemptLimits } from "./limits.js";
import { type CommandEnd, endOf } from "./run-command.js";

/** How an attempt ended. */
export interface AttemptEnd extends CommandEnd {
  readonly timedOut: RunLimit | null;
  /** The beginning and the end of the output that was read. */
  readonly text: string;
  /**
   * The value of `text` at the moment a limit was exceeded, before the first signal to the command.
   */
  readonly textAtLimit?: string | undefined;
  /** Whether some output went to a terminal. Such output is not read. */
  readonly isUnread: boolean;
  /** Whether output was dropped because the program that reads our output was too slow. */
  readonly isCut: boolean;
  /**
   * The first of our streams (stdout, stderr) that could not be written, and why; null without an
   * error.
   */
  readonly outputError: OutputError | null;
  /** Whether a session to an engine was seen. */
  readonly connected: boolean;
  /** Whether some limits were not enforced, because neither output nor traces could be read. */
  readonly isUnwatched: boolean;
}

/** The settings of one attempt, and the objects that the attempt uses. */
export interface Attempt {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly input: CommandInput;
  readonly output: PreparedOutput;
  readonly limits: RunLimits;
  readonly stop: StopTimes;
  /** Whether the command is the dagger CLI itself. */
  readonly isOwn: boolean;
  readonly signals: RunSignals;
  readonly watcher: GroupWatcher;
  /** Whether traces or logs of the command can reach this process. */
  readonly isHeard: boolean;
  /**
   * Reports traces and sessions to `signs` while the command runs. Returns a function that stops
   * the reports.
   */
  readonly listen: (signs: Signs) => () => void;
  /** Called when a limit is exceeded, before the first signal to the command. */
  readonly onLimit: (limit: RunLimit) => void;
}

/** Receives signs that a command makes progress: output, traces and sessions. */
export interface Signs {
  progressed(): void;
  connected(): void;
  /** Reports that the last session is lost. */
  sessionLost(): void;
}

/**
 * How long the reader of our output may take to read the rest, after a limit or signal ended the
 * command.
 */
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
  // Saves the state only if a limit may kill the command, because a killed command cannot restore
  // the terminal.
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
    if (leads) watcher.prepare();
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
 * Waits until the last output is passed on. A new signal ends the wait at once. If a limit or an
 * earlier signal ended the command, the wait takes at most a second.
 *
 * @returns False if output was dropped.
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

/**
 * Removes limits that cannot be enforced. Without output and traces, a working command looks like a
 * hanging one.
 */
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
