/** Tells which commands may be run again, where that is declared by their names. */

import { programName } from "../../runner/program-name.js";

/** Options of `dagger` whose value is the next word. */
const WITH_VALUE = /^(?:-m|--mod|--env|--env-file|--progress)$/;
/** Those that have none, or hold it themselves. */
const ALONE =
  /^(?:-[vq]+|-[dEMswy]|--(?:auto-apply|debug|no-exit|no-mod|quiet|silent|verbose|web)|--?[\w-]+=.*)$/s;

/**
 * What a command does, in one word: of `dagger call test` it is `test`, of another command of dagger
 * its name (`check`), of another program its base name.
 *
 * @returns Undefined when it cannot be told for sure: an option may take the word behind it, and in
 * `dagger call --name test deploy` nothing says that it does.
 */
export function verbOf(command: string, args: readonly string[]): string | undefined {
  const program = programName(command);
  if (program !== "dagger") return program;
  let at = 0;
  for (let word = args[at]; word?.startsWith("-"); word = args[at]) {
    if (!WITH_VALUE.test(word) && !ALONE.test(word)) return undefined;
    at += WITH_VALUE.test(word) ? 2 : 1;
  }
  const verb = args[at] === "call" ? args[at + 1] : args[at];
  return verb?.startsWith("-") ? undefined : verb;
}
