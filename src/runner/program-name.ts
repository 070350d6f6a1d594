/** What a command is called: the name of its program alone, since arguments may hold secrets. */

/** The base name of a program, without the ending that Windows adds. */
export function programName(command: string): string {
  return command.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
}

/** Whether a command is the dagger CLI itself, whose exit code and traces are its own. */
export function isDagger(command: string): boolean {
  return programName(command) === "dagger";
}

/**
 * The name of a program as it is shown. A whole command line that was given as one word, by a mistake
 * with quotes, shows no more than its program either.
 */
export function shownName(command: string): string {
  return programName(command.trimStart().split(/\s/, 1)[0] ?? "");
}
