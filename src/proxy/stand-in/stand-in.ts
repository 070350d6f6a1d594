/** The program that an SDK starts as its CLI. It runs the real CLI and puts a guard in front of the session. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { SessionAddress } from "../sessions/session-address.js";
import { HostGoneError, type OpeningSession, type SessionHost } from "../sessions/session-host.js";
import { readdressing } from "./address-line.js";
import { HeldSignals } from "./held-signals.js";
import { LastWords } from "./last-words.js";

/** The settings of a stand-in. */
export interface StandInPlan {
  readonly host: SessionHost;
  /** The path of the real CLI. */
  readonly cli: string;
  readonly args: readonly string[];
  /** The environment that the real CLI would have without us. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** More file descriptors that the real CLI gets, from number 3 on. */
  readonly others?: readonly ("ignore" | number)[] | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** The longest time for opening a session, in milliseconds; undefined for no limit. */
  readonly connectTimeoutMs?: number | undefined;
  /** Signals that are forwarded to the real CLI and do not end us while it runs. */
  readonly passedOn: readonly NodeJS.Signals[];
  /** Whether a signal also reaches the real CLI without us, as Ctrl-C in a terminal does. */
  readonly reachesAll: (signal: NodeJS.Signals) => boolean;
  /** Prints a message for the user. */
  readonly say: (message: string) => void;
}

/** How a stand-in ended. */
export interface StandInEnd {
  /**
   * The real CLI's exit code, or 128 plus the number of a signal that ended it. 124 if no session opened in
   * time, 126 or 127 if it cannot be run.
   */
  readonly exitCode: number;
  /** The first signal that was to end us. */
  readonly signal: NodeJS.Signals | undefined;
  /** Whether the real CLI opened a session in time. */
  readonly opened: boolean;
}

/** Exit codes of our own. In all other cases we exit like the real CLI. */
const EXIT = { timedOut: 124, notRunnable: 126, notThere: 127 } as const;

/** How long a CLI may take to end after SIGTERM. It flushes its logs then. */
const GRACE_MS = 10_000;

/**
 * The longest time between the end of the CLI and the end of its output. After that, the other one is ended
 * by us.
 */
const LINGER_MS = 1000;

type Cli = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Runs the real CLI until it ends. The CLI gets our standard input, so that the SDK can end it by closing
 * that.
 *
 * @throws Any error of the host's `begin`. The real CLI is not started then.
 */
export async function runStandIn(plan: StandInPlan): Promise<StandInEnd> {
  const signals = new HeldSignals(plan.passedOn, plan.reachesAll);
  try {
    const session = await plan.host.begin(signals.any, workdirOf(plan.args));
    try {
      if (signals.received !== undefined) return signaled(signals.received);
      const cli = startCli(plan, session);
      if (typeof cli === "number") return { exitCode: cli, signal: undefined, opened: false };
      return await new RealCli(plan, session, cli).run(signals);
    } finally {
      await session.end();
    }
  } catch (error) {
    // A signal arrived during the wait for admission, so the rejection is not an error.
    if (signals.received === undefined) throw error;
    return signaled(signals.received);
  } finally {
    signals.release();
  }
}

/** Returns the folder in which the CLI looks for its lock file; undefined if our own folder no longer exists. */
function workdirOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((one) => /^--workdir(?:=|$)/.test(one));
  const option = args[at] ?? "";
  const given = option.includes("=") ? option.slice(option.indexOf("=") + 1) : args[at + 1];
  try {
    return resolve((at < 0 ? undefined : given) ?? "");
  } catch {
    return undefined;
  }
}

/** Starts the real CLI. If the system rejects it at once, returns an exit code. */
function startCli(
  { cli, args, env, others = [], say }: StandInPlan,
  session: OpeningSession,
): Cli | number {
  try {
    const child = spawn(cli, args, {
      env: { ...env, ...session.variables },
      stdio: ["inherit", "pipe", "pipe", ...others],
    }) as Cli;
    if ((child.stdout as Readable | undefined) !== undefined) return child;
    // With too many open files, Node creates no streams for the child.
    child.on("error", () => undefined);
    return notStarted(cli, say, { code: "EMFILE" });
  } catch (error) {
    return notStarted(cli, say, error);
  }
}

function notStarted(cli: string, say: StandInPlan["say"], error: unknown): number {
  const { code } = error as NodeJS.ErrnoException;
  say(`cannot run ${JSON.stringify(cli)} (${code})`);
  return code === "ENOENT" || cli === "" ? EXIT.notThere : EXIT.notRunnable;
}

/** The real CLI, from its start to its end. */
class RealCli {
  readonly #plan: StandInPlan;
  readonly #session: OpeningSession;
  readonly #child: Cli;
  readonly #words = new LastWords();
  readonly #timers: NodeJS.Timeout[] = [];
  /** Whether the session is still awaited, was opened, or is too late. */
  #became: "awaited" | "opened" | "too-late" = "awaited";
  #over = false;

  constructor(plan: StandInPlan, session: OpeningSession, child: Cli) {
    this.#plan = plan;
    this.#session = session;
    this.#child = child;
  }

  async run(signals: HeldSignals): Promise<StandInEnd> {
    const exitCode = await this.#untilExit(signals);
    return { exitCode, signal: signals.received, opened: this.#became === "opened" };
  }

  async #untilExit(signals: HeldSignals): Promise<number> {
    const leave = (): void => void this.#child.kill();
    process.on("exit", leave);
    signals.passTo(this.#child);
    const printed = this.#passOutput();
    this.#limitOpening();
    try {
      const exitCode = await endOf(this.#child);
      await Promise.race([printed, this.#later(LINGER_MS)]);
      await this.#settle(exitCode, signals);
      return this.#became === "too-late" ? EXIT.timedOut : exitCode;
    } catch (error) {
      return notStarted(this.#plan.cli, this.#plan.say, error);
    } finally {
      this.#over = true;
      process.off("exit", leave);
      for (const timer of this.#timers) clearTimeout(timer);
      for (const stream of [this.#child.stdout, this.#child.stderr]) stream.destroy();
    }
  }

  /** Forwards the CLI's output as it arrives. Resolves at its end. */
  async #passOutput(): Promise<void> {
    const { stdout, stderr } = this.#plan;
    this.#child.stderr.on("data", (chunk: Buffer) => this.#words.add(chunk));
    const lines = this.#child.stdout.pipe(
      readdressing(
        (told) => this.#opened(told),
        () => this.#endUnguarded(),
      ),
    );
    const silent = passOn(lines, stdout).then(() => this.#mute());
    await Promise.all([silent, passOn(this.#child.stderr, stderr)]);
  }

  /**
   * Puts the proxy in front of the session. If the guard fails, the session is used without it, because a
   * guard must not stop a pipeline.
   */
  async #opened(told: SessionAddress): Promise<SessionAddress | undefined> {
    if (this.#became === "too-late") return undefined;
    this.#became = "opened";
    this.#words.forget();
    try {
      const address = await this.#session.opened(told);
      void this.#session.hostGone?.then(() => this.#hostGone());
      return address;
    } catch (error) {
      this.#plan.say(`the session is not guarded: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** Ends the CLI if its session cannot be guarded. The SDK did not get the address. */
  #endUnguarded(): void {
    // Counts as opened: the engine has opened the session, so it is not at fault.
    this.#became = "opened";
    this.#plan.say("the CLI printed its session with an unknown form of port or token");
    this.#end();
  }

  /** Ends the CLI if it opens no session in time. That counts as a failure of the engine. */
  #limitOpening(): void {
    const { connectTimeoutMs, say } = this.#plan;
    if (connectTimeoutMs === undefined) return;
    void this.#later(connectTimeoutMs).then(async () => {
      if (this.#became !== "awaited") return;
      this.#became = "too-late";
      say(`no session was opened within ${connectTimeoutMs / 1000} s`);
      this.#end();
      await this.#session.failed({ timedOut: true }).catch(() => {});
    });
  }

  /** Ends a CLI that closes its output before it prints an address. It will never print one. */
  #mute(): void {
    void this.#later(LINGER_MS).then(() => {
      if (this.#became === "awaited") this.#end();
    });
  }

  /** Ends the CLI when the runner has gone: the proxy was in the runner, so the session cannot be reached. */
  #hostGone(): void {
    if (this.#over) return;
    this.#plan.say("dagger-breaker run has ended, so this session is unreachable");
    this.#end();
  }

  /** Ends the CLI with SIGTERM, and with SIGKILL after a grace period. */
  #end(): void {
    this.#child.kill("SIGTERM");
    void this.#later(GRACE_MS).then(() => this.#child.kill("SIGKILL"));
  }

  /** Reports the end of the CLI. If it opened no session, its output is a failure, unless a signal ended it. */
  async #settle(exitCode: number, signals: HeldSignals): Promise<void> {
    if (this.#became !== "awaited" || exitCode === 0 || signals.received !== undefined) return;
    // If the runner has gone, there is nothing to report to.
    await this.#session.failed({ text: this.#words.text }).catch(() => {});
  }

  /** Resolves after a time, or when all is over. */
  #later(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push(setTimeout(resolve, milliseconds)));
  }
}

/** Resolves to the exit code of the CLI. Rejects if it could not start. */
async function endOf(child: Cli): Promise<number> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal === null ? (code ?? 1) : signalCode(signal);
}

function signaled(signal: NodeJS.Signals): StandInEnd {
  return { exitCode: signalCode(signal), signal, opened: false };
}

function signalCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/**
 * Forwards a stream. If nothing reads it any longer, it is still read to its end, so that the CLI does not
 * block.
 */
async function passOn(source: Readable, sink: Writable): Promise<void> {
  const drop = (): void => void source.unpipe(sink).resume();
  sink.on("error", drop);
  source.pipe(sink, { end: false });
  await finished(source, { writable: false }).catch(() => {});
  sink.off("error", drop);
}

function reasonOf(error: unknown): string {
  if (error instanceof HostGoneError) return error.message;
  const { code, name } = error as NodeJS.ErrnoException;
  return String(code ?? name);
}
