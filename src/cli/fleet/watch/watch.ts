/** `dagger-breaker watch`: shows shared circuits as they change. */

import type { Command } from "commander";
import { WATCH_EXIT_CODES } from "../../exit-codes.js";
import { examples, exitCodeHelp } from "../../help.js";
import type { CommandContext, Terminal } from "../../terminal.js";
import { readNames } from "../names.js";
import { addFleetOptions, type FleetFlags, withStore } from "../with-store.js";
import { follow } from "./follow.js";
import { LineWriter } from "./watch-lines.js";
import { Screen } from "./watch-screen.js";

const EXAMPLES = [
  "dagger-breaker watch --store redis://redis:6379",
  "dagger-breaker watch registry:docker.io --json",
];

export function addWatchCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("watch")
    .summary("show shared circuits as they change")
    .description(
      "Shows the circuits that a fleet shares until Ctrl-C ends it. A terminal gets the table of status, in which times count down; other outputs get one line for each change. If the store does not answer, the command reports that and keeps asking.",
    )
    .argument("[name...]", "circuits, such as registry:docker.io (default: all of the scope)");
  addFleetOptions(command)
    .option("--json", "print each change as one JSON object, on a line of its own")
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp(WATCH_EXIT_CODES))
    .action((names: string[], flags: FleetFlags) =>
      watch(readNames(names), flags, context.terminal),
    );
}

function watch(names: readonly string[], flags: FleetFlags, terminal: Terminal): Promise<void> {
  return withStore(flags, terminal.env, (opened) =>
    untilEnded(terminal, async (signal) => {
      const { stdout, env } = terminal;
      const onScreen = stdout.isTTY === true && env.TERM !== "dumb" && !flags.json;
      if (!onScreen) {
        const lines = new LineWriter(opened, terminal, flags.json === true);
        await follow(opened, names, lines, signal);
        return;
      }
      const screen = new Screen(terminal, opened.scope);
      try {
        await follow(opened, names, screen, signal);
      } finally {
        screen.end();
      }
    }),
  );
}

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `work` until a signal arrives, or until the reader of the output closes the stream. */
async function untilEnded(
  { stdout }: Terminal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  for (const name of ENDING) process.on(name, end);
  stdout.on("error", end).on("close", end);
  try {
    await work(ended.signal);
  } catch (error) {
    // A signal before the first reply of the store is not an error.
    if (!ended.signal.aborted) throw error;
  } finally {
    for (const name of ENDING) process.off(name, end);
    stdout.off("error", end).off("close", end);
  }
}
