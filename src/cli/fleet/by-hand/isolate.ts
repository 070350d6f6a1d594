/** `dagger-breaker isolate`: rejects all calls of a fleet to an upstream for some time. */

import type { Command } from "commander";
import type { FleetEntry } from "../../../fleet/store.js";
import { EXIT, ISOLATE_EXIT_CODES } from "../../exit-codes.js";
import { examples, exitCodeHelp } from "../../help.js";
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

const EXAMPLES = ["dagger-breaker isolate registry:docker.io --reason 'outage' --for 30m"];

export function addIsolateCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("isolate")
    .summary("stop all calls of a fleet to an upstream for a time")
    .description(
      "Isolates shared circuits: every process of the fleet rejects their calls until the time in --for is over, or until dagger-breaker release. A new isolation replaces an earlier one. All users of the store can see who isolated a circuit, and why.",
    )
    .requiredOption(...REASON)
    .requiredOption("--for <duration>", "for how long, such as 30m or 2h", duration);
  addControlOptions(command)
    .option("--any-name", "accept a name that the store does not know and that no guard uses")
    .addHelpText("after", examples(EXAMPLES))
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
        const note = `${quoted(name)} is new in the scope ${quoted(scope)}: no process has used it yet`;
        say(terminal, `note: ${note}`);
      }
    },
    toUnknown: true,
    tell: (before, after) => {
      const { isolation } = after.snapshot;
      const untilMs = Date.now() + (isolation?.remainingMs ?? 0);
      const owner = plainText(isolation?.owner ?? "");
      const time = `until ${secondText(untilMs)} (${durationText(expiresInMs)})`;
      return `isolated ${plainText(after.name)} ${time}, by ${owner}: ${plainText(reason)}${replaced(before)}`;
    },
  });
}

/**
 * Rejects a name that no guard uses, such as `registry:` without a host. Isolating such a name
 * would have no effect.
 */
function refuseTypo(name: string, scope: string): void {
  const problem = guardNameProblem(name);
  if (problem === undefined) return;
  const known = `no circuit in the scope ${quoted(scope)} has this name`;
  throw new CommandError(`${problem}; ${known}. Use --any-name to isolate it anyway`, EXIT.usage);
}

function replaced({ snapshot: { isolation } }: FleetEntry): string {
  if (isolation === null) return "";
  const { owner, reason, remainingMs } = isolation;
  const untilMs = Date.now() + remainingMs;
  return ` (replaces the isolation by ${plainText(owner)} until ${secondText(untilMs)}: ${plainText(reason)})`;
}
