/** Runs one attempt of a command: its output passes through, and it is ended when it hangs. */

import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../traces/environment.js";
import type { GroupWatcher } from "./ending/group-watcher.js";
import { ProcessGroup } from "./ending/process-group.js";
import { type StopTimes, stopPlan } from "./ending/stop-plan.js";
import { TerminalState } from "./ending/terminal-state.js";
import { AttemptLimits } from "./limits.js";
import { ChildStreams, planStreams } from "./output/child-streams.js";
import { ConnectedWords } from "./output/connected-words.js";
import { type CommandEnd, endOf } from "./run-command.js";
import type { RunLimit, RunLimits } from "./run-plan.js";
import type { RunSignals } from "./signals/run-signals.js";

/** How an attempt ended. */
export interface AttemptEnd extends CommandEnd {
  readonly timedOut: RunLimit | null;
  /** Both ends of what it wrote, as far as that could be read. */
  readonly text: string;
  /** Whether some of it went to a terminal, where it is not read. */
  readonly isUnread: boolean;
  /** Whether what it wrote to standard error ends within a line. */
  readonly endsMidLine: boolean;
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
  readonly limits: RunLimits;
  readonly stop: StopTimes;
  /** Whether the command is dagger itself. */
  readonly isOwn: boolean;
  readonly signals: RunSignals;
  readonly watcher: GroupWatcher;
  /** Whether traces may come that show that it lives. */
  readonly isTraced: boolean;
  /** Tells of traces and sessions while it runs; to be let go of at its end. */
  readonly listen: (signs: Signs) => () => void;
  /** A limit is over, and the command is about to be told to end. */
  readonly onLimit: (limit: RunLimit) => void;
}

/** What shows that a command lives. */
export interface Signs {
  progressed(): void;
  connected(): void;
}

/**
 * How long nothing must come after the end of a command before its output is given up, and how long
 * that of something it has left behind may go on.
 */
const LINGER_MS = 1_000;
const MAX_LINGERS = 10;

/**
 * Runs an attempt to its end.
 *
 * @throws CommandNotStartedError
 */
export async function superviseCommand(attempt: Attempt): Promise<AttemptEnd> {
  const { command, args, env, signals, stop, isOwn, watcher } = attempt;
  const plan = planStreams();
  const leads = !plan.hasTerminal;
  // Without limits nothing of ours ever kills it on a terminal.
  const terminal = plan.hasTerminal && hasLimits(attempt.limits) ? new TerminalState() : undefined;
  const isUnwatched = plan.isUnread && !attempt.isTraced;
  const words = new ConnectedWords(() => limits.connected());
  const streams = new ChildStreams(plan, (chunk) => {
    limits.progressed();
    words.add(chunk);
  });
  let group: ProcessGroup | undefined;
  let ended: Promise<void> | undefined;
  const limits = new AttemptLimits(isUnwatched ? onlyTotal(attempt.limits) : attempt.limits, {
    onOver: (limit) => {
      attempt.onLimit(limit);
      ended = group?.end(stopPlan(isOwn, stop));
    },
    isHeldUp: () => streams.isHeldUp,
  });
  const forget = attempt.listen(limits);
  try {
    const end = await endOf(command, () => {
      const child = spawn(command, args, { env, stdio: streams.stdio, detached: leads });
      streams.started(child);
      group = new ProcessGroup(child, leads);
      signals.passTo(child, group, {
        sharesTerminal: !leads,
        interruptsFirst: isOwn,
        killAfterMs: leads ? stop.outsideMs : undefined,
        clocks: limits,
      });
      if (group.id !== undefined) watcher.guard(group.id);
      return child;
    });
    limits.end();
    await ended;
    watcher.rest();
    if (end.signal !== null && group?.isTold === true) terminal?.restore();
    await untilPassed(streams);
    return {
      ...end,
      timedOut: limits.over,
      text: streams.text,
      isUnread: plan.isUnread,
      endsMidLine: streams.endsMidLine,
      connected: limits.isConnected,
      isUnwatched: isUnwatched && hasMore(attempt.limits),
    };
  } finally {
    limits.end();
    watcher.rest();
    forget();
    await streams.end();
  }
}

/** Where neither output nor traces are read, silence says nothing. */
function onlyTotal({ timeoutMs }: RunLimits): RunLimits {
  return { timeoutMs };
}

function hasLimits(limits: RunLimits): boolean {
  return limits.timeoutMs !== undefined || hasMore(limits);
}

function hasMore({ connectTimeoutMs, idleTimeoutMs }: RunLimits): boolean {
  return connectTimeoutMs !== undefined || idleTimeoutMs !== undefined;
}

/**
 * Waits until all output has passed. What a command leaves behind may hold its streams open: they are
 * given up once nothing more comes, and in the end anyway, unless it is our own reader that is slow.
 */
async function untilPassed(streams: ChildStreams): Promise<void> {
  const over = new AbortController();
  const done = streams
    .done()
    .then(() => true)
    .finally(() => over.abort());
  let before = -1;
  for (let lingers = 0; lingers < MAX_LINGERS && before !== streams.bytes; ) {
    before = streams.bytes;
    const waited = sleep(LINGER_MS, false, { signal: over.signal }).catch(() => true);
    if (await Promise.race([done, waited])) return;
    if (streams.isHeldUp) before = -1;
    else lingers += 1;
  }
}
