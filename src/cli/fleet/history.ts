/** `dagger-breaker history`: shows the changes of shared circuits, and their causes. */

import type { Command } from "commander";
import type { FleetEntry } from "../../fleet/store.js";
import { changeObject, type NamedChange } from "../change-object.js";
import { HISTORY_EXIT_CODES } from "../exit-codes.js";
import { examples, exitCodeHelp } from "../help.js";
import { wholeNumber } from "../option-values.js";
import {
  type CommandContext,
  paintFor,
  printJson,
  printLines,
  type Terminal,
  tableLines,
} from "../terminal.js";
import { changeCells, changesAfter } from "./change.js";
import { fitted } from "./fit.js";
import { quoted, readNames } from "./names.js";
import {
  addFleetOptions,
  type FleetFlags,
  type OpenScope,
  readCircuits,
  withStore,
} from "./with-store.js";

interface HistoryFlags extends FleetFlags {
  readonly limit: number;
}

const HEAD = ["WHEN", "NAME", "WHAT", "FROM", "TO", "FOR", "WHY", "BY"];
const NAME_COLUMN = 1;

/** The number of circuits whose history is read at the same time. */
const AT_ONCE = 16;

const EXAMPLES = [
  "dagger-breaker history --store redis://redis:6379 --limit 20",
  "dagger-breaker history registry:docker.io",
];

export function addHistoryCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("history")
    .summary("list the changes of shared circuits")
    .description(
      "Lists the changes of shared circuits, the newest last. Each row shows when, what, for how long, why, and which process or person caused the change. A store keeps the last 100 changes of each circuit.",
    )
    .argument("[name...]", "circuits, such as registry:docker.io (default: all of the scope)");
  addFleetOptions(command)
    .option(
      "--limit <n>",
      "list only the newest changes, at most this many",
      wholeNumber(1, 10_000),
      50,
    )
    .option("--json", "print one JSON array")
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp(HISTORY_EXIT_CODES))
    .action((names: string[], flags: HistoryFlags) => history(readNames(names), flags, context));
}

async function history(
  names: readonly string[],
  flags: HistoryFlags,
  { terminal }: CommandContext,
): Promise<void> {
  const { scope, changes } = await withStore(flags, terminal.env, async (opened) => ({
    scope: opened.scope,
    changes: await opened.ask(() => newest(opened, names, flags.limit)),
  }));
  if (flags.json) printJson(terminal, changes.map(changeObject));
  else if (changes.length === 0) {
    const what = names.length === 0 ? "a circuit" : names.map(quoted).join(", ");
    printLines(terminal, [`The store knows no change of ${what} in the scope ${quoted(scope)}.`]);
  } else printLines(terminal, historyLines(changes, terminal));
}

/** Returns the lines of the table. On a terminal, long cells are cut to its width. */
export function historyLines(changes: readonly NamedChange[], terminal: Terminal): string[] {
  const rows = fitted([HEAD, ...changes.map(changeCells)], NAME_COLUMN, terminal.stdout);
  const [head = "", ...lines] = tableLines(rows);
  return [paintFor(terminal).bold(head), ...lines];
}

/**
 * Returns the newest changes, with the newest last. Reads the circuits with the highest generations
 * first, because no change of a circuit is newer than the circuit's generation. Once `limit`
 * changes are found, circuits with a lower generation than the oldest of them are skipped.
 */
async function newest(
  opened: OpenScope,
  names: readonly string[],
  limit: number,
): Promise<readonly NamedChange[]> {
  const { store, scope } = opened;
  const generation = ({ snapshot }: FleetEntry) => snapshot.generation;
  const entries = [...(await readCircuits(opened, names))].sort(
    (one, other) => generation(other) - generation(one),
  );
  let found: NamedChange[] = [];
  for (let index = 0; index < entries.length; index += AT_ONCE) {
    const asked = entries.slice(index, index + AT_ONCE);
    const oldest = found.length < limit ? undefined : found[0];
    const [first] = asked;
    if (oldest && first && generation(first) < oldest.change.generation) break;
    const more = await Promise.all(
      asked.map(({ name }) => changesAfter(store, { scope, name }, 0)),
    );
    found = [...found, ...more.flat()].sort(byGeneration).slice(-limit);
  }
  return found;
}

function byGeneration({ change: one }: NamedChange, { change: other }: NamedChange): number {
  return one.generation - other.generation;
}
