/**
 * `dagger-breaker digests`: shows and changes the file of known digests, which contains the digest
 * of each image tag.
 */

import { Option } from "commander";
import type { KnownDigest } from "../../guard/digests/known-digests.js";
import { LockFile } from "../../guard/locks/lock-file.js";
import { DIGESTS_EXIT_CODES } from "../exit-codes.js";
import { type CliCommand, examples, exitCodeHelp } from "../help.js";
import { age } from "../option-values.js";
import { type CommandContext, paintFor, printJson, printLines, say } from "../terminal.js";
import { type ForgetOptions, forgetDigests } from "./forget.js";
import { digestLines, type LockFileImages, lockLines } from "./render.js";
import { digestPath, readStore } from "./store.js";
import { exportDigests, importDigests } from "./transfer.js";

interface ListOptions {
  readonly file?: string;
  readonly json?: true;
}

const EXAMPLES = {
  list: ["dagger-breaker digests list --json"],
  export: ["dagger-breaker digests export --output digests.json"],
  import: ["dagger-breaker digests import digests.json"],
  forget: [
    "dagger-breaker digests forget alpine:3.20",
    "dagger-breaker digests forget --older-than 30d",
  ],
};
const FILE = "the file of known digests (default: the one in your cache folder)";

export function addDigestsCommand(program: CliCommand, context: CommandContext): void {
  const { terminal } = context;
  const digests = program
    .command("digests")
    .summary("list, export, import and forget known digests")
    .description(
      "For each image tag, lists the digest that an engine last used under a guard with the option pin. It also lists the images in Dagger's lock file in the working folder. Without a subcommand it runs digests list.",
    )
    .addHelpText("after", examples(Object.values(EXAMPLES).flat()))
    .addHelpText("after", exitCodeHelp(DIGESTS_EXIT_CODES));
  const part = (name: keyof typeof EXAMPLES, summary: string, isDefault = false) =>
    digests
      .command(name, { isDefault })
      .summary(summary)
      .description(sentence(summary))
      .option("--file <file>", FILE)
      .addHelpText("after", examples(EXAMPLES[name]))
      .addHelpText("after", exitCodeHelp(DIGESTS_EXIT_CODES));

  part("list", "list the known digests", true)
    .option("--json", "print one JSON object")
    .action((options: ListOptions) => {
      const path = digestPath(options.file, terminal.env);
      const { digests: found, ignored } = readStore(path);
      const listed = [...found].sort(byReference);
      const lock = lockHere();
      if (ignored > 0)
        say(terminal, `${path}: skipped ${ignored} damaged ${ignored === 1 ? "entry" : "entries"}`);
      if (options.json) printJson(terminal, { file: path, digests: listed, ...(lock && { lock }) });
      else if (listed.length === 0) printLines(terminal, [`No digest is known (${path}).`]);
      else printLines(terminal, digestLines(listed, Date.now(), paintFor(terminal)));
      if (!options.json && lock !== undefined && lock.images.length > 0) {
        printLines(terminal, ["", ...lockLines(lock, paintFor(terminal))]);
      }
    });

  part("export", "print the known digests as a file that another machine can import")
    .option("--output <file>", "the file to write (default: standard output)")
    .action(async (options: { readonly file?: string; readonly output?: string }) => {
      await exportDigests(options, terminal);
    });

  part("import", "add the digests of an exported file to the known digests")
    .argument("<file>", "a file that digests export wrote; - is standard input")
    .action(async (file: string, options: { readonly file?: string }) => {
      await importDigests(file, options, terminal);
    });

  part("forget", "forget known digests by tag or by age, or all of them")
    .argument("[reference...]", "a tag, such as alpine:3.20; it is forgotten on every platform")
    .option("--all", "forget every digest")
    .addOption(
      new Option(
        "--older-than <duration>",
        "forget digests that were last seen longer ago than this",
      ).argParser((text) => ({ text, ms: age(text) })),
    )
    .action((references: string[], options: ForgetOptions) => {
      forgetDigests(references, options, terminal);
    });
  digests.addHelp();
}

/** Returns the lock file that Dagger uses in the working folder; undefined without one. */
function lockHere(): LockFileImages | undefined {
  const lock = new LockFile(".").read();
  if (lock === undefined) return undefined;
  return { file: lock.path, images: [...lock.images.values()].flat().sort(byReference) };
}

/**
 * Turns the summary of a command into its description. For example, "list all" becomes "Lists
 * all.".
 */
function sentence(summary: string): string {
  const [verb = "", ...rest] = summary.split(" ");
  return `${[`${verb[0]?.toUpperCase()}${verb.slice(1)}s`, ...rest].join(" ")}.`;
}

type Named = Pick<KnownDigest, "reference" | "platform">;

function byReference(one: Named, other: Named): number {
  const [first, second] = [one, other].map(({ reference, platform }) => `${reference} ${platform}`);
  return (first ?? "") < (second ?? "") ? -1 : 1;
}
