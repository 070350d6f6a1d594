/** `dagger-breaker mirrors`: the mirrors that the engine itself asks. */

import { type Command, Option } from "commander";
import { exitCodeHelp, MIRRORS_EXIT_CODES } from "../exit-codes.js";
import { timeoutMs } from "../option-values.js";
import type { CommandContext } from "../terminal.js";
import { type CheckOptions, checkMirrors } from "./check.js";
import { type WriteOptions, writeMirrors } from "./write.js";

/** Adds the command with its two parts. */
export function addMirrorsCommand(program: Command, context: CommandContext): void {
  const mirrors = program
    .command("mirrors")
    .summary("write and check the engine's own mirror configuration")
    .description(
      "Writes and checks the mirrors in an engine's own configuration. It writes engine.json (engines from v0.19.0 on) and checks BuildKit's engine.toml as well. The engine asks a registry's mirrors in their order, and the registry itself last.",
    )
    .addHelpText("after", exitCodeHelp(MIRRORS_EXIT_CODES));

  mirrors
    .command("write")
    .summary("put mirrors into an engine.json, leaving all else in it as it is")
    .description(
      "Puts the mirrors of one or more registries into an engine.json; they replace those that these registries had. A mirror may have a port and a path; http:// before it says that it speaks plain HTTP. Beside an engine.toml it writes nothing, and prints what to put into either file.",
    )
    .argument("<registry=mirror...>", "such as docker.io=mirror.gcr.io,cache.example:5000/hub")
    .option(
      "--file <path>",
      "the configuration; default: where the dagger command looks for engine.json",
    )
    .addOption(formatOption())
    .option("--dry-run", "print what would be written")
    .addHelpText("after", exitCodeHelp(MIRRORS_EXIT_CODES))
    .action(async (assignments: string[], options: WriteOptions) => {
      context.end(await writeMirrors(assignments, options, context.terminal));
    });

  mirrors
    .command("check")
    .summary("say whether a configuration is valid, and whether its mirrors answer")
    .description(
      "Reads a configuration as an engine would, and asks each mirror, from here, whether it answers as a registry.",
    )
    .option(
      "--file <path>",
      "the configuration; default: where the dagger command looks for engine.json",
    )
    .addOption(formatOption())
    .option("--timeout-ms <n>", "milliseconds for each mirror, 1 to 600000", timeoutMs, 5000)
    .option("--json", "print one JSON object")
    .addHelpText("after", exitCodeHelp(MIRRORS_EXIT_CODES))
    .action(async (options: CheckOptions) => {
      context.end(await checkMirrors(options, context.terminal));
    });
}

function formatOption(): Option {
  return new Option("--format <name>", "its format; default: by the name of the file").choices([
    "json",
    "toml",
  ]);
}
