/** `dagger-breaker status`: shows the state of the shared circuits. */

import type { Command } from "commander";
import { EXIT, STATUS_EXIT_CODES } from "../exit-codes.js";
import { examples, exitCodeHelp } from "../help.js";
import { plainText } from "../plain-text.js";
import { type CommandContext, printJson, printLines, say } from "../terminal.js";
import { byUrgency, circuitObject, refusesAll } from "./circuit.js";
import { quoted, readNames } from "./names.js";
import { circuitLines } from "./table.js";
import { addFleetOptions, type FleetFlags, readCircuits, withStore } from "./with-store.js";

const EXAMPLES = [
  "dagger-breaker status --store redis://redis:6379",
  "# exits with 56 while the circuit rejects calls",
  "dagger-breaker status registry:docker.io --json",
];

export function addStatusCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("status")
    .summary("list shared circuits and their states")
    .description(
      "Lists the circuits that a fleet shares: the state of each, since when and until when, why, and which process or person caused it. Circuits that are not closed come first. OK, FAILED and LATE count outcomes. A late outcome belongs to a call from before the last change, and has no effect. The command changes nothing.",
    )
    .argument("[name...]", "circuits, such as registry:docker.io (default: all of the scope)");
  addFleetOptions(command)
    .option("--json", "print one JSON array")
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp(STATUS_EXIT_CODES))
    .action((names: string[], flags: FleetFlags) => status(readNames(names), flags, context));
}

async function status(
  names: readonly string[],
  flags: FleetFlags,
  { terminal, end }: CommandContext,
): Promise<void> {
  const unreadable = new Map<string, string>();
  const { scope, found } = await withStore(flags, terminal.env, async (opened) => ({
    scope: opened.scope,
    found: await opened.ask(() =>
      readCircuits(opened, names, (name, { message }) => void unreadable.set(name, message)),
    ),
  }));
  for (const [name, message] of unreadable) {
    say(terminal, `${quoted(name)} cannot be read: ${plainText(message)}`);
  }
  // The exit code shows the error, because a circuit that the user named must not be missing
  // silently.
  if (names.length > 0 && unreadable.size > 0) end(EXIT.storeUnreachable);
  const entries = [...found].sort(byUrgency);
  if (entries.some(({ snapshot }) => refusesAll(snapshot))) end(EXIT.circuitOpen);
  if (flags.json) {
    const nowMs = Date.now();
    printJson(
      terminal,
      entries.map((entry) => circuitObject(entry, nowMs)),
    );
  } else if (entries.length === 0 && unreadable.size === 0) {
    printLines(terminal, [`The store knows no circuit in the scope ${quoted(scope)}.`]);
  } else if (entries.length > 0) printLines(terminal, circuitLines(entries, terminal));
}
