/** `dagger-breaker release`: ends isolations. */

import type { Command } from "commander";
import { exitCodeHelp, RELEASE_EXIT_CODES } from "../../exit-codes.js";
import { plainText } from "../../plain-text.js";
import type { CommandContext } from "../../terminal.js";
import { stateOf } from "../circuit.js";
import { readNames } from "../names.js";
import { addControlOptions, type ControlFlags, control, readReason } from "./control.js";

/** Adds the command. */
export function addReleaseCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("release")
    .summary("end an isolation before its time")
    .description(
      "Releases shared circuits: ends their isolation and closes them, whatever they had counted. One that is open without being isolated is closed as well.",
    )
    .argument("<name...>", "circuits, such as registry:docker.io")
    .option("--reason <text>", "why, in up to 1000 characters", readReason);
  addControlOptions(command)
    .addHelpText("after", exitCodeHelp(RELEASE_EXIT_CODES))
    .action(async (names: string[], flags: ControlFlags) => {
      const { reason = null } = flags;
      const exitCode = await control(readNames(names), flags, context.terminal, {
        command: (owner) => ({ kind: "release", owner, reason }),
        toUnknown: false,
        tell: ({ name, snapshot }) => {
          const { isolation } = snapshot;
          const before =
            isolation === null
              ? `which was not isolated but ${stateOf(snapshot)}`
              : `which ${plainText(isolation.owner)} had isolated: ${plainText(isolation.reason)}`;
          return `released ${plainText(name)}, ${before}`;
        },
      });
      context.end(exitCode);
    });
}
