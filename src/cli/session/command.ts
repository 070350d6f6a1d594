/** `dagger-breaker session`: replaces `dagger session`. SDKs start it as their CLI. */

import type { Command } from "commander";
import { isCircuitBreakerError } from "../../breaker/errors.js";
import { connectSessionHost } from "../../proxy/sessions/remote-sessions.js";
import { HostGoneError, type SessionHost } from "../../proxy/sessions/session-host.js";
import { CliNotFoundError, findRealCli } from "../../proxy/stand-in/real-cli.js";
import { runStandIn } from "../../proxy/stand-in/stand-in.js";
import {
  handedOn,
  inheritedDescriptors,
  streamsBehind,
} from "../../runner/input/inherited-descriptors.js";
import { isInForeground } from "../../runner/signals/foreground.js";
import { PASSED_ON } from "../../runner/signals/passed-signals.js";
import { EXIT, SESSION_EXIT_CODES } from "../exit-codes.js";
import { connectTimeoutFrom } from "../guard-settings.js";
import { examples, exitCodeHelp } from "../help.js";
import { ownProgram } from "../own-program.js";
import { type CommandContext, CommandError, say, type Terminal } from "../terminal.js";
import { OwnSessions, type SessionEnd } from "./own-sessions.js";

const EXIT_CODES = exitCodeHelp(SESSION_EXIT_CODES, [
  ["126", "the real CLI cannot be run"],
  ["127", "no real CLI was found"],
  ["else", "the exit code of the real CLI; 128 plus the number of the signal that ended it"],
]);
const EXAMPLES = [
  '_EXPERIMENTAL_DAGGER_CLI_BIN="$(which dagger-breaker)" go run ./ci',
  "# with settings, and the real CLI by its path",
  "export DAGGER_BREAKER_RETRY=2 DAGGER_BREAKER_CLI=/usr/local/bin/dagger",
];
const HELP = new Set(["--help", "-h"]);

export function addSessionCommand(program: Command, context: CommandContext): void {
  program
    .command("session")
    .summary("run the dagger CLI for an SDK, with a guard in each session")
    .description(
      "A Dagger SDK of any language starts this command when _EXPERIMENTAL_DAGGER_CLI_BIN names dagger-breaker. It starts the real dagger CLI with the same arguments and guards the session. Its settings are the DAGGER_BREAKER_... variables of dagger-breaker run. DAGGER_BREAKER_CLI names the real CLI if it is not on PATH. The real command has its own help: dagger session --help.",
    )
    .argument("[arguments...]", "the arguments of the SDK; the real CLI gets all of them")
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", EXIT_CODES)
    .action(async (args: string[], _flags: unknown, command: Command) => {
      if (args.some((arg) => HELP.has(arg))) command.help();
      context.end(await standIn(args, context.terminal));
    });
}

async function standIn(args: readonly string[], terminal: Terminal): Promise<number> {
  // Call this before this process opens a file, because such a file would look inherited too.
  const others = streamsBehind(handedOn(inheritedDescriptors()));
  const { env, stdout, stderr } = terminal;
  const { command, args: first } = ownProgram();
  const cli = realCli(env, [...first, command]);
  const own = new OwnSessions(terminal);
  const host = env.DAGGER_BREAKER_RUN ? within(env.DAGGER_BREAKER_RUN, own, terminal) : own;
  let end: SessionEnd | undefined;
  try {
    const ended = await runStandIn({
      host,
      cli,
      args: ["session", ...args],
      others,
      env,
      stdout,
      stderr,
      connectTimeoutMs: connectTimeoutFrom({}, env),
      passedOn: PASSED_ON,
      reachesAll: (signal) => TYPED.has(signal) && isInForeground(),
      say: (message) => say(terminal, `dagger-breaker: ${message}`),
    });
    end = ended;
    return ended.exitCode;
  } catch (error) {
    // The messages of our own rejections contain only the names of breakers, and times.
    if (!isCircuitBreakerError(error)) throw error;
    end = { rejection: error };
    throw new CommandError(error.message, EXIT.rejected);
  } finally {
    await own.close(end);
  }
}

/** The signals of Ctrl-C and Ctrl-\. A terminal sends them to the real CLI too. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

function realCli(env: Terminal["env"], own: readonly string[]): string {
  try {
    return findRealCli(env, own);
  } catch (error) {
    if (!(error instanceof CliNotFoundError)) throw error;
    throw new CommandError(error.message, 127);
  }
}

/**
 * Returns a host that opens sessions in the surrounding `run`. If that run has ended, `own` opens
 * them instead.
 */
function within(path: string, own: SessionHost, terminal: Terminal): SessionHost {
  const run = connectSessionHost(path);
  return {
    async begin(signal, workdir) {
      try {
        return await run.begin(signal, workdir);
      } catch (error) {
        if (!(error instanceof HostGoneError)) throw error;
        say(terminal, `dagger-breaker: ${error.message}, so this session has a guard of its own`);
        return own.begin(signal, workdir);
      }
    },
  };
}
