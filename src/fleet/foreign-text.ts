/** Texts of other processes, before they stand in a message. */

import { withoutCommands } from "../attribution/ci-commands.js";

/** What could be a command to a terminal, or the line of a log that somebody else has made up. */
const COMMANDS = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Cuts a text of the other side short, without what a terminal or a CI system could obey. */
export function plain(text: string, maxLength = 300): string {
  return withoutCommands(text.slice(0, maxLength).replace(COMMANDS, "?"));
}
