/** `dagger-breaker isolate`: keeps all calls of a fleet away from an upstream for a time. */

import type { Command } from "commander";
import type { FleetEntry } from "../../../fleet/store.js";
import { EXIT, exitCodeHelp, ISOLATE_EXIT_CODES } from "../../exit-codes.js";
import { duration } from "../../option-values.js";
import { plainText } from "../../plain-text.js";
import { type CommandContext, CommandError, say } from "../../terminal.js";
import { durationText } from "../../time-words.js";
import { isKnown, secondText } from "../circuit.js";
import { guardNameProblem, quoted, readNames } from "../names.js";
import { addControlOptions, type ControlFlags, control, REASON } from "./control.js";

interface IsolateFlags extends ControlFlags {
  readonly reason: string;
  readonly for: number;
  readonly anyName?: true;
}

/** Adds the command. */
export function addIsolateCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("isolate")
    .summary("keep a fleet away from an upstream for a time")
    .description(
      "Isolates shared circuits: every call of every process of the fleet is refused until the time is over or somebody releases them. An isolation in place is replaced. It is written down who did it and why, for all to see.",
    )
    .requiredOption(...REASON)
    .requiredOption("--for <duration>", "for how long, such as 30m or 2h", duration);
  addControlOptions(command)
    .option("--any-name", "also a name that the store does not know and that no guard uses")
    .addHelpText("after", exitCodeHelp(ISOLATE_EXIT_CODES))
    .action(async (names: string[], flags: IsolateFlags) => {
      context.end(await isolate(readNames(names), flags, context));
    });
}

function isolate(
  names: readonly string[],
  flags: IsolateFlags,
  { terminal }: CommandContext,
): Promise<number> {
  const { reason, for: expiresInMs, anyName = false } = flags;
  return control(names, flags, terminal, {
    command: (owner) => ({ kind: "isolate", reason, owner, expiresInMs }),
    check(before, scope) {
      const unknown = before.filter(({ snapshot }) => !isKnown(snapshot));
      if (!anyName) for (const { name } of unknown) refuseTypo(name, scope);
      for (const { name } of unknown) {
        const note = `${quoted(name)} is new in the scope ${scope}: nobody has asked for it yet`;
        say(terminal, `note: ${note}`);
      }
    },
    toUnknown: true,
    tell: (before, after) => {
      const { isolation } = after.snapshot;
      const untilMs = Date.now() + (isolation?.remainingMs ?? 0);
      const owner = plainText(isolation?.owner ?? "");
      const time = `until ${secondText(untilMs)} (${durationText(expiresInMs)})`;
      return `isolated ${plainText(after.name)} ${time}, as ${owner}: ${plainText(reason)}${replaced(before)}`;
    },
  });
}

/** A name with a slip would isolate nothing, and nobody would know. */
function refuseTypo(name: string, scope: string): void {
  const problem = guardNameProblem(name);
  if (problem === undefined) return;
  const known = `nor does the scope ${plainText(scope)} know it`;
  throw new CommandError(`${problem}; ${known} (--any-name isolates it all the same)`, EXIT.usage);
}

function replaced({ snapshot: { isolation } }: FleetEntry): string {
  if (isolation === null) return "";
  const { owner, reason, remainingMs } = isolation;
  const untilMs = Date.now() + remainingMs;
  return ` (before, ${plainText(owner)} had isolated it until ${secondText(untilMs)}: ${plainText(reason)})`;
}
