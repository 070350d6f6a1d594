/** `dagger-breaker reset`: closes circuits. */

import type { Command } from "commander";
import { exitCodeHelp, RELEASE_EXIT_CODES } from "../../exit-codes.js";
import { plainText } from "../../plain-text.js";
import type { CommandContext } from "../../terminal.js";
import { secondText, stateOf } from "../circuit.js";
import { readNames } from "../names.js";
import { addControlOptions, type ControlFlags, control, readReason } from "./control.js";

/** Adds the command. */
export function addResetCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("reset")
    .summary("close a circuit that is open")
    .description(
      "Resets shared circuits: closes them, with nothing counted and open times as short as at first. An isolation stays: release ends it.",
    )
    .argument("<name...>", "circuits, such as registry:docker.io")
    .option("--reason <text>", "why, in up to 1000 characters", readReason);
  addControlOptions(command)
    .addHelpText("after", exitCodeHelp(RELEASE_EXIT_CODES))
    .action(async (names: string[], flags: ControlFlags) => {
      const { reason = null } = flags;
      const exitCode = await control(readNames(names), flags, context.terminal, {
        command: (owner) => ({ kind: "reset", owner, reason }),
        toUnknown: false,
        tell: (before, { name, snapshot: { isolation } }) =>
          isolation === null
            ? `reset ${plainText(name)}, which was ${stateOf(before.snapshot)}`
            : `reset ${plainText(name)}, which stays isolated until ${secondText(Date.now() + isolation.remainingMs)} (release ends that)`,
      });
      context.end(exitCode);
    });
}
