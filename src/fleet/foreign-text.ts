/** Cleans texts of other processes before they appear in a message. */

import { withoutCommands } from "../attribution/ci-commands.js";

/** Characters of terminal commands, and of line breaks that could forge a log line. */
const COMMANDS = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Shortens a text of another process, and removes codes that a terminal or a CI system could
 * execute.
 */
export function plain(text: string, maxLength = 300): string {
  return withoutCommands(text.slice(0, maxLength).replace(COMMANDS, "?"));
}
