/** Texts of other processes, before they stand in a message. */

/** What could be a command to a terminal, or the line of a log that somebody else has made up. */
const COMMANDS = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Cuts a text of the other side short, without what could be more than a text. */
export function plain(text: string, maxLength = 300): string {
  return text.slice(0, maxLength).replace(COMMANDS, "?");
}
