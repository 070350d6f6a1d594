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
  /** The environment that the real CLI would have without the stand-in. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Further file descriptors for the real CLI, starting at number 3. */
  readonly others?: readonly ("ignore" | number)[] | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** The longest time for opening a session, in milliseconds; undefined for no limit. */
  readonly connectTimeoutMs?: number | undefined;
  /** The signals that are forwarded to the real CLI. While the CLI runs, they do not end the stand-in. */
  readonly passedOn: readonly NodeJS.Signals[];
  /**
   * Returns whether a signal reaches the real CLI without being forwarded, as Ctrl-C in a terminal does.
   */
  readonly reachesAll: (signal: NodeJS.Signals) => boolean;
  /** Prints a message for the user. */
  readonly say: (message: string) => void;
}

/** The result of a stand-in. */
export interface StandInEnd {
  /**
   * The exit code of the real CLI, or 128 plus the number of the signal that ended it. 124: no session
   * opened in time. 126 or 127: the CLI cannot be run.
   */
  readonly exitCode: number;
  /** The first signal that asked the stand-in to end. Undefined if no such signal arrived. */
  readonly signal: NodeJS.Signals | undefined;
  /** Whether the real CLI opened a session in time. */
  readonly opened: boolean;
}

/** The exit codes of the stand-in itself. In all other cases, it exits with the code of the real CLI. */
const EXIT = { timedOut: 124, notRunnable: 126, notThere: 127 } as const;

/**
 * The longest time for a CLI to end after SIGTERM, in milliseconds. The CLI flushes its logs in this time.
 */
const GRACE_MS = 10_000;

/**
 * The longest time in milliseconds between the end of the CLI and the end of its output. Either may come
 * first. After this time, the stand-in ends the CLI or closes its output.
 */
const LINGER_MS = 1000;

type Cli = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Runs the real CLI until the CLI ends. The CLI inherits the standard input, because the SDK ends the CLI
 * by closing that input.
 *
 * @throws Any error of the host's `begin`. The real CLI is then not started.
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
    // A signal arrived during the wait for admission. The error only reports the abort, so do not throw it.
    if (signals.received === undefined) throw error;
    return signaled(signals.received);
  } finally {
    signals.release();
  }
}

/**
 * Returns the folder in which the CLI looks for its lock file. Undefined if the current folder no longer
 * exists.
 */
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

/** Starts the real CLI. Returns an exit code if the system rejects the start at once. */
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
    // With too many open files, Node returns a child without streams.
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
  /** The state of the session: still awaited, opened, or too late. */
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

  /** Forwards the CLI's output as it arrives. Resolves at the end of the output. */
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
   * Puts the proxy in front of the session. If the guard fails, the session is used without a proxy,
   * because a guard must not stop a pipeline.
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

  /** Ends a CLI whose session cannot be guarded. The SDK has not received the session's address. */
  #endUnguarded(): void {
    // Record the session as opened. The engine did open it, so the engine's breaker must not count a
    // failure.
    this.#became = "opened";
    this.#plan.say(
      "the CLI printed the port or the token of its session in an unknown form, so it is stopped",
    );
    this.#end();
  }

  /** Ends the CLI if it opens no session in time. The delay counts as a failure of the engine. */
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

  /** Ends a CLI that closed its output before it printed an address, because no address can follow. */
  #mute(): void {
    void this.#later(LINGER_MS).then(() => {
      if (this.#became === "awaited") this.#end();
    });
  }

  /**
   * Ends the CLI when the runner has ended. The proxy was in the runner, so clients cannot reach the
   * session.
   */
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

  /**
   * Reports a failed opening: the CLI ended with an error and without a session. An end by a signal is not
   * reported.
   */
  async #settle(exitCode: number, signals: HeldSignals): Promise<void> {
    if (this.#became !== "awaited" || exitCode === 0 || signals.received !== undefined) return;
    // If the runner has ended, the report has no receiver.
    await this.#session.failed({ text: this.#words.text }).catch(() => {});
  }

  /** Resolves after a time. Never resolves if the CLI ends before, because its timers are cleared then. */
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
 * Forwards a stream to its end. If the receiver fails, the rest is read and dropped, so that the CLI does
 * not block.
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
