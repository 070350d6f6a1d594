/** Runs one command line and gives its exit code. */

import { Command, CommanderError } from "commander";
import { addClassifyCommand } from "./classify/command.js";
import { addDigestsCommand } from "./digests/command.js";
import { EXIT } from "./exit-codes.js";
import { addMirrorsCommand } from "./mirrors/command.js";
import { packageVersion } from "./own-program.js";
import { addPinCommand } from "./pin/command.js";
import { addQuotaCommand } from "./quota/command.js";
import { type CommandContext, CommandError, say, type Terminal } from "./terminal.js";
import { addTraceCommand } from "./trace/command.js";

const COMMANDS: readonly ((program: Command, context: CommandContext) => void)[] = [
  addClassifyCommand,
  addQuotaCommand,
  addMirrorsCommand,
  addDigestsCommand,
  addPinCommand,
  addTraceCommand,
];

/**
 * Runs a command line, without the names of node and the program, and gives its exit code.
 * It never rejects.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram({ terminal, end: (code) => (exitCode = code) });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, terminal);
  }
}

function createProgram(context: CommandContext): Command {
  const { stdout, stderr } = context.terminal;
  const program = new Command("dagger-breaker")
    .description(
      "Says who failed in a Dagger pipeline, what a registry still allows, sets up mirrors, and tells which digests to pin.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showHelpAfterError("(--help tells more)")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(withoutValues(text)),
    });
  for (const add of COMMANDS) add(program, context);
  return program;
}

/** An option that is not known may have been given a secret: `--password=...` is shown without it. */
function withoutValues(text: string): string {
  return text.replace(/(unknown option '-[^'=]*=)[^\n]*(?='\n)/, "$1...");
}

function exitCodeOf(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    const asked = error.code === "commander.helpDisplayed" || error.code === "commander.version";
    return asked || (error.code === "commander.help" && error.exitCode === 0)
      ? EXIT.ok
      : EXIT.usage;
  }
  if (error instanceof CommandError) {
    say(terminal, `error: ${error.message}`);
    return error.exitCode;
  }
  // The message of an error that nobody foresaw may hold what is private.
  const name = error instanceof Error ? error.name : typeof error;
  const code = (error as { code?: unknown } | null)?.code;
  say(terminal, `error: unexpected ${name}${typeof code === "string" ? ` (${code})` : ""}`);
  if ((terminal.env.DAGGER_BREAKER_DEBUG ?? "") !== "" && error instanceof Error) {
    say(terminal, error.stack ?? "");
  }
  return EXIT.internal;
}
