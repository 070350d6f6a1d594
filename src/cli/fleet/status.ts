/** `dagger-breaker status`: how the shared circuits stand. */

import type { Command } from "commander";
import { EXIT, exitCodeHelp, STATUS_EXIT_CODES } from "../exit-codes.js";
import { plainText } from "../plain-text.js";
import { type CommandContext, printJson, printLines, say } from "../terminal.js";
import { byUrgency, circuitObject, refusesAll } from "./circuit.js";
import { quoted, readNames } from "./names.js";
import { circuitLines } from "./table.js";
import { addFleetOptions, type FleetFlags, readCircuits, withStore } from "./with-store.js";

/** Adds the command. */
export function addStatusCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("status")
    .summary("say how shared circuits stand")
    .description(
      "Says how the circuits stand that a fleet shares: which are open or isolated, since when and until when, why, and who met or did it. Those that are not closed come first. It asks without changing anything.",
    )
    .argument("[name...]", "circuits, such as registry:docker.io; default: all of the scope");
  addFleetOptions(command)
    .option("--json", "print one JSON array")
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
  // Who asks for a circuit by its name is not told of its state by the others.
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
    printLines(terminal, [`No circuit is known in the scope ${scope}.`]);
  } else if (entries.length > 0) printLines(terminal, circuitLines(entries, terminal));
}
