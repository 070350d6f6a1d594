/** Runs one attempt of a command: its output passes through, and it is ended when it hangs. */

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../traces/environment.js";
import { type CommandLine, mergingOutputs, passOn, planStreams } from "./child-streams.js";
import { Ends } from "./ends.js";
import { whyNotRunnable } from "./find-program.js";
import { AttemptLimits } from "./limits.js";
import { signalAll } from "./process-group.js";
import { type CommandEnd, CommandNotStartedError, endOf } from "./run-command.js";
import type { RunLimit, RunLimits } from "./run-plan.js";
import type { RunSignals } from "./run-signals.js";

/** How an attempt ended. */
export interface AttemptEnd extends CommandEnd {
  readonly timedOut: RunLimit | null;
  /** Both ends of what it wrote, as far as that could be read. */
  readonly text: string;
  /** Whether some of it went to a terminal, where it is not read. */
  readonly unread: boolean;
  /** Whether what it wrote to standard error ends within a line. */
  readonly endsMidLine: boolean;
}

/** What one attempt is given. */
export interface Attempt extends CommandLine {
  readonly env: Environment;
  readonly limits: RunLimits;
  readonly signals: RunSignals;
  /** Tells of traces and sessions while it runs; to be let go of at its end. */
  readonly listen: (signs: Signs) => () => void;
}

/** What shows that a command lives. */
export interface Signs {
  progressed(): void;
  connected(): void;
}

/** How long a command may take to end after SIGTERM: dagger flushes its logs. */
const GRACE_MS = 10_000;
/** How long nothing must come after the end of a command before its output is given up. */
const LINGER_MS = 1_000;
const NEWLINE = 10;
/** What the CLI says once it has a session, in plain progress and in dots. */
const CONNECTED = /(?:connect|starting session)(?: DONE| ✔)|✔ connect|connected name=/;

/**
 * Runs an attempt to its end.
 *
 * @throws CommandNotStartedError
 */
export async function superviseCommand(attempt: Attempt): Promise<AttemptEnd> {
  const { command, env, limits: given, signals } = attempt;
  const plan = planStreams();
  const words = new Ends();
  let child: ChildProcess | undefined;
  const leads = !plan.hasTerminal;
  const limits = new AttemptLimits(given, () => child && endInTime(child, leads));
  const forget = attempt.listen(limits);
  let endsMidLine = false;
  const hear = (chunk: Buffer, sink: NodeJS.WriteStream): void => {
    words.add(chunk);
    if (sink === process.stderr || plan.merged) endsMidLine = chunk.at(-1) !== NEWLINE;
    limits.progressed();
    if (given.connectTimeoutMs !== undefined && CONNECTED.test(chunk.toString("latin1"))) {
      limits.connected();
    }
  };
  let printed: Promise<unknown> = Promise.resolve();
  try {
    if (plan.merged) refuseIfNotRunnable(command, env);
    const line = plan.merged ? mergingOutputs(attempt) : attempt;
    const end = await endOf(command, () => {
      child = spawn(line.command, line.args, {
        env,
        stdio: ["inherit", plan.stdout, plan.merged ? "ignore" : plan.stderr],
        detached: leads,
      });
      signals.passTo(child, plan.hasTerminal);
      printed = passOutputs(child, hear);
      return child;
    });
    await untilPrinted(printed, child, () => words.bytes);
    return {
      ...end,
      timedOut: limits.over,
      text: words.text(),
      unread: plan.stdout === "inherit" || plan.stderr === "inherit",
      endsMidLine,
    };
  } finally {
    limits.end();
    forget();
    for (const stream of [child?.stdout, child?.stderr]) stream?.destroy();
    if (limits.over !== null && child !== undefined) signalAll(child, "SIGKILL", leads);
  }
}

/**
 * Waits until all output has passed. What a command leaves behind may hold its streams open: they are
 * given up once nothing more comes, unless it is our own reader that is slow.
 */
async function untilPrinted(
  printed: Promise<unknown>,
  child: ChildProcess | undefined,
  bytesSoFar: () => number,
): Promise<void> {
  const over = new AbortController();
  const done = printed.then(() => true).finally(() => over.abort());
  for (let before = -1; ; before = bytesSoFar()) {
    const lingers = sleep(LINGER_MS, false, { signal: over.signal }).catch(() => true);
    if (await Promise.race([done, lingers])) return;
    const waits = [child?.stdout, child?.stderr].some(
      (stream) => stream?.readableFlowing === false,
    );
    if (!waits && before === bytesSoFar()) return;
  }
}

function refuseIfNotRunnable(command: string, env: Environment): void {
  const reason = whyNotRunnable(command, env);
  if (reason !== undefined) throw new CommandNotStartedError(command, reason);
}

function passOutputs(
  child: ChildProcess,
  hear: (chunk: Buffer, sink: NodeJS.WriteStream) => void,
): Promise<unknown> {
  const pass = (source: Readable | null, sink: NodeJS.WriteStream) =>
    source === null ? undefined : passOn(source, sink, (chunk) => hear(chunk, sink));
  return Promise.all([pass(child.stdout, process.stdout), pass(child.stderr, process.stderr)]);
}

/** Ends a command with all that it has started, by force when it takes too long. */
function endInTime(child: ChildProcess, leads: boolean): void {
  signalAll(child, "SIGTERM", leads);
  const timer = setTimeout(() => signalAll(child, "SIGKILL", leads), GRACE_MS);
  child.once("exit", () => clearTimeout(timer));
}
