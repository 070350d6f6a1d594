/** `dagger-breaker release`: ends isolations. */

import type { Command } from "commander";
import { plainText } from "../../plain-text.js";
import type { CommandContext } from "../../terminal.js";
import { stateOf } from "../circuit.js";
import { addClosingCommand } from "./control.js";

/** Adds the command. */
export function addReleaseCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("release")
    .summary("end an isolation before its time")
    .description(
      "Releases shared circuits: ends their isolation and closes them, whatever they had counted. One that is open without being isolated is closed as well.",
    );
  addClosingCommand(command, context, "release", ({ name, snapshot }) => {
    const { isolation } = snapshot;
    const before =
      isolation === null
        ? `which was not isolated but ${stateOf(snapshot)}`
        : `which ${plainText(isolation.owner)} had isolated: ${plainText(isolation.reason)}`;
    return `released ${plainText(name)}, ${before}`;
  });
}
