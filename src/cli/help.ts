/** Formats the output of `--help`, and errors in the command line. */

import { Command, type ErrorOptions, Help, type HelpContext, type Option } from "commander";
import { closeWords } from "../options/close-words.js";
import { COMMON_EXIT_CODES, type ExitCodeMeaning } from "./exit-codes.js";
import { WIDTH, wrapped } from "./plain-text.js";

const CODE_INDENT = 7;

/** A command of this program. Its subcommands belong to this class too. */
export class CliCommand extends Command {
  constructor(name?: string) {
    super(name);
    this.configureHelp({
      helpWidth: WIDTH,
      subcommandTerm: (command) => command.name(),
      optionDescription,
    });
    this.helpCommand(false);
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  /**
   * Throws commander's error, which ends the program. The last line of the message names the
   * command that prints help.
   */
  override error(message: string, options?: ErrorOptions): never {
    const isIncomplete = options?.code === "commander.missingMandatoryOptionValue";
    const text = isIncomplete ? this.#missingOptions() : plainUsageError(message);
    return super.error(`${text}${seeHelp(this)}`, options);
  }

  /**
   * Returns an error that names every missing option. The error of commander names only the first.
   */
  #missingOptions(): string {
    const missing = this.options.filter(
      (option) => option.mandatory && this.getOptionValue(option.attributeName()) === undefined,
    );
    const names = missing.map(({ long }) => long).join(" and ");
    const verb = missing.length === 1 ? "is" : "are";
    return `error: ${names} ${verb} missing; add ${missing.map(({ flags }) => flags).join(" ")}`;
  }

  /** Throws the error for an unknown command or subcommand. The message contains similar names. */
  unknownPart(name: string): never {
    const names = this.commands.map((command) => command.name());
    const flag = this.options.find(({ long }) => long === `--${name}`)?.long;
    const close = typeof flag === "string" ? [flag] : closeWords(name, names);
    const meant = close.length === 0 ? "" : ` (did you mean ${close.join(" or ")}?)`;
    const text = `error: unknown command "${name}"${meant}; use one of ${names.join(", ")}`;
    return this.error(text);
  }

  /**
   * Finds a command by its words, such as `digests forget`. Ignores everything after the first
   * option.
   *
   * @param isWhole Whether every word must be the name of a command. If false, later words may be
   * arguments.
   */
  find(words: readonly string[], isWhole = false): CliCommand {
    const [word] = words;
    if (word === undefined || word.startsWith("-")) return this;
    if (this.commands.length === 0) {
      if (!isWhole) return this;
      return this.error(`error: unknown command "${namesOf(this)} ${word}"`);
    }
    const found = this.commands.find((command) => command.name() === word);
    if (found === undefined) this.unknownPart(word);
    return (found as CliCommand).find(words.slice(1), isWhole);
  }

  addHelp(): this {
    this.command("help")
      .summary("print help for a command")
      .description("Prints help for a command.")
      .argument("[command...]", "the command to explain")
      .addHelpText("after", examples([`${namesOf(this)} help`]))
      .action((words: string[]) => this.find(words, true).help());
    return this;
  }

  /**
   * Prints the help and ends. If a subcommand is missing, as in `dagger-breaker mirrors`, throws an
   * error that names the subcommands. In that case, commander would print the help as an error.
   */
  override help(given?: HelpContext | ((text: string) => string)): never {
    const context = typeof given === "function" ? undefined : given;
    if (context?.error !== true || this.parent === null) return super.help(context);
    const names = this.commands.map((command) => command.name());
    return this.error(`error: the subcommand is missing; use one of ${names.join(", ")}`);
  }
}

/**
 * Renders the section `Examples:` of a help text. A line that starts with "#" explains the line
 * after it.
 */
export function examples(lines: readonly string[]): string {
  return ["", "Examples:", ...lines.map((line) => `  ${line}`)].join("\n");
}

/** A row for an exit code that another program sets, such as the command of `run`. */
export type ForeignExitCode = readonly [code: string, meaning: string];

/** Renders the section `Exit codes:` at the end of a help text. */
export function exitCodeHelp(
  meanings: readonly ExitCodeMeaning[],
  foreign: readonly ForeignExitCode[] = [],
): string {
  const own = [...meanings, ...COMMON_EXIT_CODES]
    .sort(([one], [other]) => one - other)
    .map(([code, meaning]): ForeignExitCode => [String(code), meaning]);
  const lines = [...own, ...foreign].map(([code, meaning]) => {
    const text = wrapped(meaning, WIDTH - CODE_INDENT).join(`\n${" ".repeat(CODE_INDENT)}`);
    return `  ${code.padEnd(CODE_INDENT - 2)}${text}`;
  });
  return ["", "Exit codes:", ...lines].join("\n");
}

/** Adds `(required)` to the description of a required option, because commander does not. */
function optionDescription(this: Help, option: Option): string {
  const description = Help.prototype.optionDescription.call(this, option);
  return option.mandatory ? `${description} (required)` : description;
}

/**
 * Rewrites an error of commander in the form of our own errors. Removes the value of an unknown
 * option, because the value may be a secret, as in `--password=...`.
 */
function plainUsageError(message: string): string {
  for (const [pattern, replacement] of REWRITES) {
    if (pattern.test(message)) return message.replace(pattern, replacement);
  }
  return message;
}

const REWRITES: readonly (readonly [RegExp, string])[] = [
  // Commander took the "--" before the command for the value.
  [
    /^error: option '([^']*?(--[\w-]+)[^']*)' argument '--' is invalid\..*$/s,
    "error: $2 has no value; use $1",
  ],
  [
    /^error: option '[^']*?(--[\w-]+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.*)\.$/s,
    'error: invalid $1 "$2": expected one of $3',
  ],
  [
    /^error: option '[^']*?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s,
    'error: invalid $1 "$2": $3',
  ],
  [/^error: option '([^']*?(--[\w-]+)[^']*)' argument missing$/, "error: $2 has no value; use $1"],
  [/^error: missing required argument '(.*)'$/, "error: <$1> is missing"],
  [
    /^error: unknown option '(-[^'=\n]*)(?:=[^\n]*)?'\n\(Did you mean (.*)\?\)$/,
    "error: unknown option $1 (did you mean $2?)",
  ],
  [/^error: unknown option '(-[^'=]*)=[^\n]*'/, "error: unknown option $1"],
  [/^error: unknown option '([^'\n]*)'/, "error: unknown option $1"],
  [
    /^error: too many arguments for '.*'\. Expected (\d+) arguments? but got (\d+)\.$/,
    "error: too many arguments: expected at most $1, got $2",
  ],
];

/** Returns the last line of an error, which names the command that prints help. */
export function seeHelp(command: Command): string {
  return `\nsee: ${namesOf(command)} --help`;
}

/** Returns a command's full name, such as `dagger-breaker digests forget`. */
function namesOf(command: Command): string {
  return command.parent === null ? command.name() : `${namesOf(command.parent)} ${command.name()}`;
}
