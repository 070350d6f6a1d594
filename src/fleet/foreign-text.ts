/** Cleans text from other processes before a message shows it. */

import { withoutCommands } from "../attribution/ci-commands.js";

/**
 * Matches control characters, which a terminal could execute, and line breaks, which could forge a
 * log line.
 */
const COMMANDS = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Shortens text from another process. Also breaks up commands that a terminal or a CI system would
 * execute.
 */
export function plain(text: string, maxLength = 300): string {
  return withoutCommands(text.slice(0, maxLength).replace(COMMANDS, "?"));
}
