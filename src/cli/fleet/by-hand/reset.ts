/** `dagger-breaker reset`: closes circuits. */

import type { Command } from "commander";
import { plainText } from "../../plain-text.js";
import type { CommandContext } from "../../terminal.js";
import { secondText, stateOf } from "../circuit.js";
import { addClosingCommand } from "./control.js";

export function addResetCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("reset")
    .summary("close a circuit that is open")
    .description(
      "Resets shared circuits: closes them, discards their counts, and starts again with the shortest open time. It keeps an isolation; dagger-breaker release ends that.",
    );
  addClosingCommand(command, context, "reset", (before, { name, snapshot: { isolation } }) =>
    isolation === null
      ? `reset ${plainText(name)}, which was ${stateOf(before.snapshot)}`
      : `reset ${plainText(name)}, which stays isolated until ${secondText(Date.now() + isolation.remainingMs)} (dagger-breaker release ends that)`,
  );
}
