/** Isolates, releases or resets the named circuits one by one, and reports each result. */

import { type Command, InvalidArgumentError } from "commander";
import type { ControlCommand } from "../../../fleet/rules/command.js";
import type { FleetEntry } from "../../../fleet/store.js";
import { EXIT, RELEASE_EXIT_CODES } from "../../exit-codes.js";
import { examples, exitCodeHelp } from "../../help.js";
import {
  type CommandContext,
  CommandError,
  printJson,
  printLines,
  say,
  type Terminal,
} from "../../terminal.js";
import { type CircuitObject, circuitObject, isKnown } from "../circuit.js";
import { quoted, readNames } from "../names.js";
import {
  addFleetOptions,
  type FleetFlags,
  NotDoneError,
  type OpenScope,
  readCircuits,
  withStore,
} from "../with-store.js";
import { defaultOwner, MAX_OWNER_LENGTH } from "./owner.js";

/** The options of `isolate`, `release` and `reset`. */
export interface ControlFlags extends FleetFlags {
  readonly reason?: string;
  readonly owner?: string;
}

/** The action of `isolate`, `release` or `reset` on a circuit, and the message about the result. */
export interface Control {
  /** Returns the command for the store. `owner` is the person who runs it. */
  command(owner: string): ControlCommand;
  /**
   * Checks all circuits before the first change. If this check throws a CommandError, nothing is
   * changed.
   */
  readonly check?: (before: readonly FleetEntry[], scope: string) => void;
  /** Whether the command also applies to circuits that the store does not know. */
  readonly toUnknown: boolean;
  tell(before: FleetEntry, after: FleetEntry): string;
}

const MAX_REASON_LENGTH = 1000;

/** The option `--reason`. The store keeps the reason, and every user of the store can read it. */
export const REASON = [
  "--reason <text>",
  "why, in at most 1000 characters",
  textOf(MAX_REASON_LENGTH),
] as const;

/** Adds the options that the three commands share, and the argument for names of circuits. */
export function addControlOptions(command: Command): Command {
  return addFleetOptions(command.argument("<name...>", "circuits, such as registry:docker.io"))
    .option(
      "--owner <name>",
      "the name to record (default: the user who started the CI job, or user@host)",
      textOf(MAX_OWNER_LENGTH),
    )
    .option("--json", "print the resulting circuits as one JSON array");
}

/**
 * Adds `release` or `reset`, which close circuits that the store knows. `tell` renders the message
 * about each circuit.
 */
export function addClosingCommand(
  command: Command,
  context: CommandContext,
  kind: "release" | "reset",
  tell: Control["tell"],
): void {
  addControlOptions(command.option(...REASON))
    .addHelpText(
      "after",
      examples([`dagger-breaker ${kind} registry:docker.io --reason 'back again'`]),
    )
    .addHelpText("after", exitCodeHelp(RELEASE_EXIT_CODES))
    .action(async (names: string[], flags: ControlFlags) => {
      const { reason = null } = flags;
      const exitCode = await control(readNames(names), flags, context.terminal, {
        command: (owner) => ({ kind, owner, reason }),
        toUnknown: false,
        tell,
      });
      context.end(exitCode);
    });
}

/** Applies a control to all named circuits, and returns the exit code. */
export async function control(
  names: readonly string[],
  flags: ControlFlags,
  terminal: Terminal,
  what: Control,
): Promise<number> {
  const command = what.command(flags.owner ?? defaultOwner(terminal.env));
  const objects: CircuitObject[] = [];
  let exitCode: number = EXIT.ok;
  const doAll = async (opened: OpenScope) => {
    const entries = await opened.ask(() => readCircuits(opened, names));
    what.check?.(entries, opened.scope);
    for (const before of entries) {
      if (!isKnown(before.snapshot) && !what.toUnknown) {
        exitCode = EXIT.circuitUnknown;
        say(
          terminal,
          `skipped circuit ${quoted(before.name)}: the scope ${quoted(opened.scope)} does not contain it`,
        );
        objects.push(circuitObject(before, Date.now()));
        continue;
      }
      const after = await apply(opened, before.name, command);
      objects.push(circuitObject(after, Date.now()));
      if (!flags.json) printLines(terminal, [what.tell(before, after)]);
    }
  };
  try {
    await withStore(flags, terminal.env, doAll, what.toUnknown);
  } finally {
    // Also reports the changes that were made before an error.
    if (flags.json && objects.length > 0) printJson(terminal, objects);
  }
  return exitCode;
}

async function apply(
  { store, scope, ask }: OpenScope,
  name: string,
  command: ControlCommand,
): Promise<FleetEntry> {
  try {
    const { snapshot } = await ask(() => store.run({ scope, name }, command));
    return { name, snapshot };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error instanceof NotDoneError) {
      throw new CommandError(`${error.message}; ${quoted(name)} was not changed`, error.exitCode);
    }
    const doubt = `${quoted(name)} may have changed; check it with dagger-breaker status`;
    throw new CommandError(`${error.message}; ${doubt}`, error.exitCode);
  }
}

function textOf(maxLength: number): (text: string) => string {
  return (text) => {
    const trimmed = text.trim();
    if (trimmed !== "" && trimmed.length <= maxLength) return trimmed;
    throw new InvalidArgumentError(`expected a text of 1 to ${maxLength} characters`);
  };
}
