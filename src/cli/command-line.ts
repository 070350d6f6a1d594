/** Runs one command line, and returns its exit code. */

import { type Command, CommanderError } from "commander";
import { redact } from "../attribution/redact.js";
import { EXIT } from "./exit-codes.js";
import { CliCommand, examples, seeHelp } from "./help.js";
import { packageVersion } from "./own-program.js";
import { type CommandContext, CommandError, say, type Terminal } from "./terminal.js";
import { misspelledVariables } from "./variables.js";

type AddCommand = (program: CliCommand, context: CommandContext) => void;

/**
 * The commands, in the order of the help. The code of a command is loaded only when the command is
 * used, so that `run` starts fast.
 */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  run: async () => (await import("./run/command.js")).addRunCommand,
  session: async () => (await import("./session/command.js")).addSessionCommand,
  trace: async () => (await import("./trace/command.js")).addTraceCommand,
  classify: async () => (await import("./classify/command.js")).addClassifyCommand,
  quota: async () => (await import("./quota/command.js")).addQuotaCommand,
  mirrors: async () => (await import("./mirrors/command.js")).addMirrorsCommand,
  digests: async () => (await import("./digests/command.js")).addDigestsCommand,
  status: async () => (await import("./fleet/status.js")).addStatusCommand,
  watch: async () => (await import("./fleet/watch/watch.js")).addWatchCommand,
  isolate: async () => (await import("./fleet/by-hand/isolate.js")).addIsolateCommand,
  release: async () => (await import("./fleet/by-hand/release.js")).addReleaseCommand,
  reset: async () => (await import("./fleet/by-hand/reset.js")).addResetCommand,
  history: async () => (await import("./fleet/history.js")).addHistoryCommand,
  serve: async () => (await import("./serve/command.js")).addServeCommand,
  alerts: async () => (await import("./alerts/command.js")).addAlertsCommand,
  dashboards: async () => (await import("./dashboards/command.js")).addDashboardsCommand,
};

const EXAMPLES = [
  "dagger-breaker run --retry 2 -- dagger call test",
  "dagger-breaker classify dagger.log",
  "dagger-breaker help mirrors write",
];

/**
 * The commands that read environment variables. `run` is missing here, because it reports
 * misspelled variables at its end.
 */
const READERS: ReadonlySet<string> = new Set([
  "session",
  "status",
  "watch",
  "isolate",
  "release",
  "reset",
  "history",
  "serve",
]);

/** Commands that were removed, each with what to use instead. Delete an entry after one version. */
const GONE: Readonly<Record<string, string>> = {
  pin: 'the command "pin" was removed. Use Renovate to pin the images in source files, or Dagger 1.0 to lock them in dagger.lock; see docs/pinning.md of this package. The commands "digests" and "run --pin" still work',
};

/** Runs one command line, and returns its exit code. Never rejects. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.ok;
  let started: Command | undefined;
  const gone = goneCommand(argv);
  if (gone !== undefined) {
    say(terminal, `error: ${gone}`);
    return EXIT.usage;
  }
  try {
    const program = await createProgram(argv, { terminal, end: (code) => (exitCode = code) });
    program.find(argv);
    program.hook("preAction", (_program, command) => {
      started = command;
      sayMisspelled(command.name(), terminal);
    });
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, started, terminal);
  }
}

async function createProgram(
  argv: readonly string[],
  context: CommandContext,
): Promise<CliCommand> {
  const { terminal } = context;
  const program = new CliCommand("dagger-breaker");
  program
    .description(
      "Runs Dagger commands and pipelines behind circuit breakers. It also classifies failures, asks for pull quotas, sets up mirrors, lists known digests, and shows and controls the circuits that a fleet shares.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => say(terminal, withoutSecrets(text.trimEnd())),
    })
    .addHelpText("after", examples(EXAMPLES));
  for (const name of namesToLoad(argv)) (await COMMANDS[name]?.())?.(program, context);
  return program.addHelp();
}

/**
 * Reports misspelled variables before a command starts. A session inside a `run` reports nothing,
 * because the `run` reports each variable once.
 */
function sayMisspelled(command: string, terminal: Terminal): void {
  if (!READERS.has(command) || (terminal.env.DAGGER_BREAKER_RUN ?? "") !== "") return;
  for (const text of misspelledVariables(terminal.env)) say(terminal, `dagger-breaker: ${text}`);
}

/**
 * Returns the advice for a removed command, if the command line runs it or asks for its help.
 * Otherwise returns undefined.
 */
function goneCommand([first = "", second = ""]: readonly string[]): string | undefined {
  const name = first === "help" ? second : first;
  return Object.hasOwn(GONE, name) ? GONE[name] : undefined;
}

/**
 * Returns the names of the commands to load. For the general help and for a wrong command line,
 * these are all commands.
 */
function namesToLoad([first = "", ...others]: readonly string[]): readonly string[] {
  if (first === "--version" || first === "-V") return [];
  const name = first === "help" ? (others[0] ?? "") : first;
  return Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
}

/**
 * Removes passwords from a message about a wrong command line, because a value may be
 * `user:password@host`. Also finds addresses without a scheme, because addresses of mirrors have
 * none.
 */
function withoutSecrets(text: string): string {
  return redact(text).replace(/[^\s'"=,/]{1,256}:[^\s'"@]{1,256}@/g, "***@");
}

/**
 * Prints an error, and returns its exit code. An error in the command line ends with a line about
 * how to get help.
 */
function exitCodeOf(error: unknown, started: Command | undefined, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    const asked = error.code === "commander.helpDisplayed" || error.code === "commander.version";
    return asked || (error.code === "commander.help" && error.exitCode === 0)
      ? EXIT.ok
      : EXIT.usage;
  }
  if (error instanceof CommandError) {
    const isUsage = error.exitCode === EXIT.usage && started !== undefined;
    say(terminal, `error: ${withoutSecrets(error.message)}${isUsage ? seeHelp(started) : ""}`);
    return error.exitCode;
  }
  // The message of an unexpected error may contain secrets, so only its name and code are printed.
  const name = error instanceof Error ? error.name : typeof error;
  const code = (error as { code?: unknown } | null)?.code;
  say(terminal, `error: unexpected ${name}${typeof code === "string" ? ` (${code})` : ""}`);
  if ((terminal.env.DAGGER_BREAKER_DEBUG ?? "") !== "" && error instanceof Error) {
    say(terminal, error.stack ?? "");
  }
  return EXIT.internal;
}
