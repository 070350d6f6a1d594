/** `dagger-breaker mirrors`: checks and writes the mirrors in an engine's configuration. */

import { Option } from "commander";
import { MIRRORS_EXIT_CODES } from "../exit-codes.js";
import { type CliCommand, examples, exitCodeHelp } from "../help.js";
import { timeout, timeoutMsOption } from "../option-values.js";
import type { CommandContext } from "../terminal.js";
import { type CheckOptions, checkMirrors } from "./check.js";
import { type WriteOptions, writeMirrors } from "./write.js";

const DEFAULT_TIMEOUT_MS = 5000;
const WRITE_EXAMPLES = [
  "dagger-breaker mirrors write docker.io=mirror.gcr.io",
  "dagger-breaker mirrors write --dry-run ghcr.io=http://cache.example:5000/ghcr",
];
const CHECK_EXAMPLES = ["dagger-breaker mirrors check --timeout 10s"];

/** The options as parsed by commander. */
type CheckFlags = Omit<CheckOptions, "timeoutMs"> & {
  readonly timeout?: number;
  readonly timeoutMs?: number;
};

export function addMirrorsCommand(program: CliCommand, context: CommandContext): void {
  const mirrors = program
    .command("mirrors")
    .summary("write and check the engine's own mirror configuration")
    .description(
      "Writes and checks the mirrors in an engine's own configuration. It writes engine.json (engines from v0.19.0 on) and checks BuildKit's engine.toml as well. The engine asks a registry's mirrors in their order, and the registry itself last.",
    )
    .addHelpText("after", examples([...WRITE_EXAMPLES, ...CHECK_EXAMPLES]))
    .addHelpText("after", exitCodeHelp(MIRRORS_EXIT_CODES));

  mirrors
    .command("write")
    .summary("put mirrors into an engine.json and keep the rest of it")
    .description(
      "Puts the mirrors of one or more registries into an engine.json. They replace the mirrors that these registries had. A mirror may have a port and a path; http:// before it means plain HTTP. If the folder has an engine.toml, the command writes nothing. Instead, it prints the lines for each of the two files; add them to one of the files.",
    )
    .argument(
      "<registry=mirror...>",
      "a registry and its mirrors, such as docker.io=mirror.gcr.io,cache.example:5000/hub",
    )
    .option(
      "--file <file>",
      "the configuration file (default: the engine.json that the dagger command uses)",
    )
    .addOption(formatOption())
    .option("--dry-run", "print the result instead of writing it")
    .addHelpText("after", examples(WRITE_EXAMPLES))
    .addHelpText("after", exitCodeHelp(MIRRORS_EXIT_CODES))
    .action(async (assignments: string[], options: WriteOptions) => {
      context.end(await writeMirrors(assignments, options, context.terminal));
    });

  mirrors
    .command("check")
    .summary("check a configuration, and whether its mirrors answer")
    .description(
      "Reads a configuration as an engine would, and asks each mirror, from this machine, whether it answers as a registry.",
    )
    .option(
      "--file <file>",
      "the configuration file (default: the engine.json that the dagger command uses)",
    )
    .addOption(formatOption())
    .option("--timeout <duration>", "time limit for each mirror (default: 5s)", timeout)
    .addOption(timeoutMsOption())
    .option("--json", "print one JSON object")
    .addHelpText("after", examples(CHECK_EXAMPLES))
    .addHelpText("after", exitCodeHelp(MIRRORS_EXIT_CODES))
    .action(async ({ timeout, timeoutMs, ...flags }: CheckFlags) => {
      const options = { ...flags, timeoutMs: timeout ?? timeoutMs ?? DEFAULT_TIMEOUT_MS };
      context.end(await checkMirrors(options, context.terminal));
    });
  mirrors.addHelp();
}

function formatOption(): Option {
  return new Option("--format <name>", "the format of the file (default: by its name)").choices([
    "json",
    "toml",
  ]);
}
