/** `dagger-breaker digests`: the digests that tags had when an engine last used them. */

import type { Command } from "commander";
import type { KnownDigest } from "../../guard/digests/known-digests.js";
import { LockFile } from "../../guard/digests/lock-file.js";
import { DIGESTS_EXIT_CODES, exitCodeHelp } from "../exit-codes.js";
import { wholeNumber } from "../option-values.js";
import { type CommandContext, paintFor, printJson, printLines, say } from "../terminal.js";
import { type ForgetOptions, forgetDigests } from "./forget.js";
import { digestLines, type LockedImages, lockLines } from "./render.js";
import { digestPath, readStore } from "./store.js";
import { exportDigests, importDigests } from "./transfer.js";

interface ListOptions {
  readonly file?: string;
  readonly json?: true;
}

const FILE = "the file of known digests; default: the one in your cache folder";
const MAX_AGE_MS = 100 * 365 * 24 * 60 * 60 * 1000;

/** Adds the command with its parts. */
export function addDigestsCommand(program: Command, context: CommandContext): void {
  const { terminal } = context;
  const digests = program
    .command("digests")
    .summary("list, export, import and forget known digests")
    .description(
      "Lists which digest each tag had when a guard with the option pin last saw an engine use it, and what the lock file of Dagger in the working folder has. Without another word it is digests list.",
    )
    .addHelpText("after", exitCodeHelp(DIGESTS_EXIT_CODES));
  const part = (name: string, summary: string, isDefault = false) =>
    digests
      .command(name, { isDefault })
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .option("--file <path>", FILE)
      .addHelpText("after", exitCodeHelp(DIGESTS_EXIT_CODES));

  part("list", "list the known digests", true)
    .option("--json", "print one JSON object")
    .action((options: ListOptions) => {
      const path = digestPath(options.file, terminal.env);
      const { digests: found, ignored } = readStore(path);
      const listed = [...found].sort(byReference);
      const lock = lockHere();
      if (ignored > 0)
        say(terminal, `entries of ${path} that were passed over as damaged: ${ignored}`);
      if (options.json) printJson(terminal, { file: path, digests: listed, ...(lock && { lock }) });
      else if (listed.length === 0) printLines(terminal, [`No digest is known (${path}).`]);
      else printLines(terminal, digestLines(listed, Date.now(), paintFor(terminal)));
      if (!options.json && lock !== undefined && lock.images.length > 0) {
        printLines(terminal, ["", ...lockLines(lock, paintFor(terminal))]);
      }
    });

  part("export", "print the known digests as a file that another machine can import")
    .option("--output <path>", "the file to write; default: standard output")
    .action(async (options: { readonly file?: string; readonly output?: string }) => {
      await exportDigests(options, terminal);
    });

  part("import", "add the digests of an exported file to the known ones")
    .argument("<file>", "what digests export wrote, or - for standard input")
    .action(async (file: string, options: { readonly file?: string }) => {
      await importDigests(file, options, terminal);
    });

  part("forget", "forget known digests: those of tags, old ones, or all")
    .argument("[reference...]", "tags, such as alpine:3.20, on every platform")
    .option("--all", "forget every digest")
    .option(
      "--older-than <ms>",
      "forget what was not seen again for so many milliseconds",
      wholeNumber(0, MAX_AGE_MS, "milliseconds"),
    )
    .action((references: string[], options: ForgetOptions) => {
      forgetDigests(references, options, terminal);
    });
}

/** The lock file of Dagger that holds in the working folder; undefined where there is none. */
function lockHere(): LockedImages | undefined {
  const lock = new LockFile(".").read();
  if (lock === undefined) return undefined;
  return { file: lock.path, images: [...lock.images.values()].flat().sort(byReference) };
}

type Named = Pick<KnownDigest, "reference" | "platform">;

function byReference(one: Named, other: Named): number {
  const [first, second] = [one, other].map(({ reference, platform }) => `${reference} ${platform}`);
  return (first ?? "") < (second ?? "") ? -1 : 1;
}
