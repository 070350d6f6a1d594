/** `dagger-breaker release`: ends isolations. */

import type { Command } from "commander";
import { plainText } from "../../plain-text.js";
import type { CommandContext } from "../../terminal.js";
import { stateOf } from "../circuit.js";
import { addClosingCommand } from "./control.js";

export function addReleaseCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("release")
    .summary("end an isolation before its time")
    .description(
      "Releases shared circuits: ends their isolation, closes them, and discards their counts. It also closes a circuit that is open without being isolated.",
    );
  addClosingCommand(command, context, "release", ({ name, snapshot }) => {
    const { isolation } = snapshot;
    const before =
      isolation === null
        ? `which was ${stateOf(snapshot)}, not isolated`
        : `which ${plainText(isolation.owner)} had isolated: ${plainText(isolation.reason)}`;
    return `released ${plainText(name)}, ${before}`;
  });
}
