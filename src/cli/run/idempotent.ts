/**
 * Determines the name of a command. `--idempotent` lists the names of commands that may be retried.
 */

import { programName } from "../../runner/program-name.js";

/** Options of `dagger` whose value is the next word. */
const WITH_VALUE = /^(?:-m|--mod|--env|--env-file|--progress)$/;
/** Options without a value, and options with the value in the same word. */
const ALONE =
  /^(?:-[vq]+|-[dEMswy]|--(?:auto-apply|debug|no-exit|no-mod|quiet|silent|verbose|web)|--?[\w-]+=.*)$/s;

/**
 * Returns the name of a command.
 * - `dagger call test`: the function, here `test`
 * - another dagger command: the subcommand, such as `check`
 * - another program: its base name
 *
 * @returns Undefined if the name is unclear. In `dagger call --name test deploy`, `test` may be the
 * function or the value of `--name`.
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
