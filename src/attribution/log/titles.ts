/** Reads the title of a step: who prints the step's log, and the addresses among its arguments. */

/** Who prints the log of a step: a command of the pipeline, or the engine with its tools. */
export type Owner = "command" | "engine";

// Titles of steps that run a command of the pipeline, then titles of the engine, buildkit and the CLI.
const COMMAND_TITLE =
  /^(?:\[[^\]\n]{1,200}\] )?RUN |^(?:Container)?\.?withExec\b|^exec (?!docker\b|podman\b|nerdctl\b|finch\b|container\b|git\b|buildctl\b)|^ERROR: process "/;
const OWN_TITLE =
  /^\[(?:internal|auth)\]|^(?:\[[^\]\n]{1,200}\] )?(?:FROM|ADD|COPY) |^(?:exporting|importing|pushing|pulling|resolve|resolving|load|loading|sending|git|connect|starting|connecting|exec|moduleSource|http|remotes\.|HTTPState)\b|^ERROR: (?!process ")(?:failed to|unexpected|invalid response)/;

/** Returns who prints the log of a step with this title; undefined if the title does not show it. */
export function ownerOf(title: string): Owner | undefined {
  if (COMMAND_TITLE.test(title)) return "command";
  return OWN_TITLE.test(title) ? "engine" : undefined;
}

// Arguments with an address that the engine contacts, such as `url: "https://..."`.
const ADDRESS = /\b(?:url|address|refString): "[^"\s]{1,2048}"/g;
const ARGUMENT_LINE = /^(?:[┆┇)]|\w{1,64}: )/;

/**
 * Removes the arguments of a title, except those with an address. The other arguments are the pipeline's
 * own text, which may look like a failure.
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
