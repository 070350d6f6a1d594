/** What a command is called: the name of its program alone, since arguments may hold secrets. */

/** The base name of a program, without the ending that Windows adds. */
export function programName(command: string): string {
  return command.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
}

/** Whether a command is the dagger CLI itself, whose exit code and traces are its own. */
export function isDagger(command: string): boolean {
  return programName(command) === "dagger";
}
