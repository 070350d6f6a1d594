/** Finds the name of a command's program. Arguments are left out, because they may hold secrets. */

/** Returns the base name of a program, without the extension of Windows. */
export function programName(command: string): string {
  return command.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
}

/**
 * Returns whether a command is the dagger CLI itself, so that exit code and traces come from
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
 * Returns the program as it was given. A whole command line given as one word by mistake shows only
 * its program.
 */
export function shownPath(command: string): string {
  return command.trimStart().split(/\s/, 1)[0] ?? "";
}
