/** Finds the name of a command's program. Arguments are left out, because they may hold secrets. */

/** Returns the base name of a program, without `.exe`. */
export function programName(command: string): string {
  return command.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
}

/**
 * Returns whether a command is the dagger CLI itself. If so, its exit code and traces come from
 * dagger.
 */
export function isDagger(command: string): boolean {
  return programName(command) === "dagger";
}

/** Returns the name to show: the base name of {@link shownPath}. */
export function shownName(command: string): string {
  return programName(shownPath(command));
}

/**
 * Returns the program, as the user gave it, for messages. If a whole command line was given as one
 * word by mistake, returns only its first part.
 */
export function shownPath(command: string): string {
  return command.trimStart().split(/\s/, 1)[0] ?? "";
}
