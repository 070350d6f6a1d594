/** Reads the title of a step. The title shows who prints the step's log, and can contain addresses. */

/** The source of a step's log: a command of the pipeline, or the engine with its tools. */
export type Owner = "command" | "engine";

// The first pattern matches titles of steps that run a command of the pipeline. The second pattern matches
// titles of the engine, of buildkit and of the CLI.
const COMMAND_TITLE =
  /^(?:\[[^\]\n]{1,200}\] )?RUN |^(?:Container)?\.?withExec\b|^exec (?!docker\b|podman\b|nerdctl\b|finch\b|container\b|git\b|buildctl\b)|^ERROR: process "/;
const OWN_TITLE =
  /^\[(?:internal|auth)\]|^(?:\[[^\]\n]{1,200}\] )?(?:FROM|ADD|COPY) |^(?:exporting|importing|pushing|pulling|resolve|resolving|load|loading|sending|git|connect|starting|connecting|exec|moduleSource|http|remotes\.|HTTPState)\b|^ERROR: (?!process ")(?:failed to|unexpected|invalid response)/;

/**
 * Returns the source of the log of a step with this title. Returns undefined if the title does not show the
 * source.
 */
export function ownerOf(title: string): Owner | undefined {
  if (COMMAND_TITLE.test(title)) return "command";
  return OWN_TITLE.test(title) ? "engine" : undefined;
}

// Matches an argument with an address that the engine contacts, such as `url: "https://..."`.
const ADDRESS = /\b(?:url|address|refString): "[^"\s]{1,2048}"/g;
const ARGUMENT_LINE = /^(?:[┆┇)]|\w{1,64}: )/;

/**
 * Removes the arguments of a title, except arguments with an address. Other arguments are the pipeline's own
 * text, which may look like a failure.
 */
export function withoutArguments(title: string): string {
  return title.split("\n").map(plainTitle).join("\n");
}

function plainTitle(line: string): string {
  const isArgument = ARGUMENT_LINE.test(line);
  const bracket = line.indexOf("(");
  if (!isArgument && bracket < 0) return line;
  const addresses = line.match(ADDRESS)?.join(" ") ?? "";
  return isArgument ? addresses : `${line.slice(0, bracket)} ${addresses}`.trimEnd();
}
