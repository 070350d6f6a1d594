/** `dagger-breaker run`: runs a command behind circuit breakers and reports how it ended. */

import type { Command } from "commander";
import type { RunRecord } from "../../fleet/rules/run-report.js";
import { Guard } from "../../guard/guard.js";
import type { GuardOptions } from "../../guard/guard-options.js";
import type { LockedEvent } from "../../guard/locks/lock-file.js";
import type { SessionTraces } from "../../proxy/guarded-sessions.js";
import { type CommandTracing, startCommandTracing } from "../../runner/contacts/command-tracing.js";
import { runGuarded } from "../../runner/guarded-run.js";
import { inheritedDescriptors } from "../../runner/input/inherited-descriptors.js";
import { PreparedOutput } from "../../runner/output/prepared-output.js";
import { isDagger, shownName } from "../../runner/program-name.js";
import { LockedImages } from "../../runner/report/locked-images.js";
import type { Note, RunOutcome } from "../../runner/report/run-report.js";
import { RunSignals } from "../../runner/signals/run-signals.js";
import type { StepOutput } from "../../runner/step-output.js";
import { unreadText } from "../../traces/receiver/unread.js";
import { RUN_EXIT_CODES } from "../exit-codes.js";
import { type JoinedFleet, joinFleet } from "../fleet-guard.js";
import {
  addGuardFlags,
  checkRateLimitOpen,
  connectTimeoutFrom,
  guardOptionsFrom,
  type TracesChoice,
  tracesFrom,
} from "../guard-settings.js";
import { examples, exitCodeHelp } from "../help.js";
import { addOtlpFlag, otlpFrom, sendMetrics } from "../otlp.js";
import { addSettings } from "../settings.js";
import { addReporterFlags, addStoreFlags } from "../store-settings.js";
import type { CommandContext, Terminal } from "../terminal.js";
import { misspelledVariables } from "../variables.js";
import { holdWarnings, OF_ANYTHING } from "../warnings.js";
import { type CommandSessions, guardSessions } from "./child-sessions.js";
import { watchIdleness } from "./idleness.js";
import {
  OWN_SETTINGS,
  type OwnFlags,
  type OwnOptions,
  type RunFlags,
  readOwnOptions,
} from "./options.js";
import { tellProgress, tellRun } from "./tell.js";
import { countedRun, tellStore } from "./tell-store.js";

const EXIT_CODES = exitCodeHelp(RUN_EXIT_CODES, [
  ["126", "the command cannot be run"],
  ["127", "the command was not found"],
  ["else", "the exit code of the command; 128 plus the number of the signal that ended it"],
]);
const EXAMPLES = [
  "dagger-breaker run -- dagger call test",
  "dagger-breaker run --timeout 20m --retry 2 -- dagger call test",
  "dagger-breaker run --store redis://redis:6379 --wait -- node ci/pipeline.js",
];

export function addRunCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("run")
    .summary("run a command behind circuit breakers")
    .description(
      "Runs a command that uses Dagger, such as dagger call test. It checks circuits first, ends a command that hangs, retries when that is safe, and guards the sessions that the command opens. At the end it reports what failed, on standard error, after the command's own output. Each option can also be set with the environment variable in its help.",
    )
    .argument("<command>", "the command to run; put -- before it")
    .argument("[arguments...]", "its arguments")
    .passThroughOptions();
  const shared = addOtlpFlag(addReporterFlags(addStoreFlags(addGuardFlags(command))));
  addSettings<OwnFlags>(shared, OWN_SETTINGS)
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", EXIT_CODES)
    .action(async (name: string, args: string[], flags: RunFlags) => {
      context.end(await run(name, args, flags, context.terminal));
    });
}

async function run(
  command: string,
  args: readonly string[],
  flags: RunFlags,
  terminal: Terminal,
): Promise<number> {
  // Call this before this process opens a file, because such a file would look inherited too.
  const inherited = inheritedDescriptors();
  const { env } = terminal;
  const own = readOwnOptions(flags, env, command, args);
  const guardOptions = guardOptionsFrom(flags, env);
  checkRateLimitOpen(guardOptions);
  const setting: RunSetting = {
    command,
    args,
    inherited,
    own,
    guardOptions,
    connectTimeoutMs: connectTimeoutFrom(flags, env),
    traces: tracesFrom(flags, env),
    send: otlpFrom(flags, env)
      ? (record, guard) => sendMetrics(record, guard, flags, env)
      : async () => [],
  };
  // From here on, a signal ends the run with a report.
  const signals = new RunSignals();
  let joined: JoinedFleet | undefined;
  try {
    joined = await joinFleet(flags, env);
    return await runWithin(joined, signals, setting, terminal);
  } finally {
    signals.release();
    await joined?.leave();
  }
}

/** The settings of a run, from the command line and the environment. */
interface RunSetting {
  readonly command: string;
  readonly args: readonly string[];
  readonly inherited: readonly number[];
  readonly own: OwnOptions;
  readonly guardOptions: GuardOptions;
  readonly connectTimeoutMs: number | undefined;
  readonly traces: TracesChoice;
  /** Sends the metrics of the run, if `--otlp` is set. */
  readonly send: (run: RunRecord, guard: Guard) => Promise<readonly Note[]>;
}

async function runWithin(
  joined: JoinedFleet | undefined,
  signals: RunSignals,
  { command, args, inherited, own, guardOptions, connectTimeoutMs, traces, send }: RunSetting,
  terminal: Terminal,
): Promise<number> {
  const { env } = terminal;
  const { timeoutMs, idleTimeoutMs, lostSessionGraceMs } = own;
  const output = new PreparedOutput();
  const locked = new LockedImages();
  const onLocked = (event: LockedEvent): void => locked.add(event);
  const guard = new Guard({ ...guardOptions, onLocked, fleet: joined?.fleet });
  const isOwn = isDagger(command);
  const held = holdWarnings(OF_ANYTHING);
  const tracing = traces === "off" ? undefined : await startCommandTracing(env);
  const watched = await watchIdleness(idleTimeoutMs, traces, isOwn, env);
  const { steps } = watched;
  const { sessions, notes } = isOwn
    ? NO_SESSIONS
    : await sessionsOf(guard, env, { tracing, steps, connectTimeoutMs });
  try {
    const report = await runGuarded(
      {
        command,
        args,
        env,
        stdin: own.stdin,
        inherited,
        output,
        signals,
        // The connect limit applies to the command only if it is `dagger` itself. Another program
        // may do other work first. For such a program, the stand-in limits the opening of each
        // session.
        limits: {
          timeoutMs,
          idleTimeoutMs,
          lostSessionGraceMs,
          connectTimeoutMs: isOwn ? connectTimeoutMs : undefined,
        },
        stop: own.stop,
        maxRetries: own.maxRetries,
        whyNoRetries: own.whyNoRetries,
        initialDelayMs: own.initialDelayMs,
        maxDelayMs: own.maxDelayMs,
        learnt: own.learnt,
        tracing,
        steps,
        sendsTraces: traces === "all" || (traces === "auto" && isOwn),
        sessions: sessions && { ...sessions, lockedImages: () => locked.all },
      },
      guard,
      own.quiet === true || own.json ? undefined : tellProgress(terminal),
    );
    await steps?.close(report.outcome === "interrupted");
    await held.release();
    const told = await tellStore(report, joined?.fleet, guard.settings.engineHost);
    const [untold = [], unsent] = await Promise.all([
      joined?.leave(),
      send(countedRun(told), guard),
    ]);
    const warnings = [
      ...misspelledVariables(env).map((text) => ({ code: "variable-unknown", text })),
      ...notes,
      ...watched.notes,
      ...report.warnings,
      ...held.notes,
      ...unreadNotes(tracing),
      ...untold,
      ...unsent,
    ];
    if (ENDED_BY_US.has(report.outcome)) terminal.limitFlush?.(LAST_WORDS_MS);
    await tellRun({ ...told, warnings }, shownName(command), own, terminal);
    return report.exitCode;
  } finally {
    await held.release();
    await sessions?.close();
    await steps?.close();
    await output.close();
  }
}

/** The outcomes after which a reader that does not read our output must not delay the exit. */
const ENDED_BY_US: ReadonlySet<RunOutcome> = new Set(["timed-out", "interrupted"]);
const LAST_WORDS_MS = 1_000;

interface PreparedSessions {
  readonly sessions: CommandSessions | undefined;
  readonly notes: readonly Note[];
}

const NO_SESSIONS: PreparedSessions = { sessions: undefined, notes: [] };

/**
 * The parts of the run that sessions need: the receivers of traces and logs, and the time limit for
 * opening a session.
 */
interface SessionWatch {
  readonly tracing: CommandTracing | undefined;
  readonly steps: StepOutput | undefined;
  readonly connectTimeoutMs: number | undefined;
}

/**
 * Prepares to guard the command's sessions. If that fails, returns a note, and the command runs
 * without guarded sessions.
 */
async function sessionsOf(
  guard: Guard,
  env: Terminal["env"],
  { tracing, steps, connectTimeoutMs }: SessionWatch,
): Promise<PreparedSessions> {
  try {
    const sessions = await guardSessions(guard, env, {
      traces: sessionTraces(tracing, steps),
      connectTimeoutMs,
    });
    return { sessions, notes: [] };
  } catch (error) {
    const { code } = error as { code?: unknown };
    // An error without a system code is a bug of this program.
    if (typeof code !== "string") throw error;
    const text = `The sessions of the command are not guarded: no socket can be opened (${code}).`;
    return { sessions: undefined, notes: [{ code: "sessions-not-guarded", text }] };
  }
}

/** Returns a note if the command sent traces in a format that this program cannot read. */
function unreadNotes(tracing: CommandTracing | undefined): readonly Note[] {
  const { unreadByKind } = tracing?.receiver?.metrics() ?? {};
  const text = unreadByKind && unreadText(unreadByKind, tracing?.hasCollector === true);
  return text === undefined ? [] : [{ code: "traces-unread", text }];
}

function sessionTraces(
  tracing: CommandTracing | undefined,
  steps: StepOutput | undefined,
): SessionTraces | undefined {
  const { receiver, variables = {}, hasCollector = false } = tracing ?? {};
  return receiver && { receiver, variables: { ...variables, ...steps?.variables }, hasCollector };
}
